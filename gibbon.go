// Package gibbon builds a gateway with plugins of one's own inside. The program is a module with a main of three lines:
//
//	func main() { gibbon.Main(hello.Type) }
//
// It has all commands of gibbon. Plugins are written with the packages plugin, schema, entity, header, edit and state; the module
// examples/hello-plugin is a whole one, and docs/writing-plugins.md explains it.
package gibbon

import (
	"github.com/gibbon-gateway/gibbon/internal/cli"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// Main runs a gateway's command line, as the program gibbon does, with these plugins beside the bundled ones, and ends the program. The
// setting plugins says which of them may be configured: "bundled" are Gibbon's, the others are named one by one
// ("bundled,hello"). A plugin with a name that another has ends the program with an error, and so does one whose kinds of entities
// are declared already.
func Main(types ...*plugin.Type) { cli.Main(types...) }

// Command gibbon is the gateway with the bundled plugins.
package main

import "github.com/gibbon-gateway/gibbon"

func main() { gibbon.Main() }

// Command hello-gateway is a gateway with three plugins of its own.
package main

import (
	"github.com/gibbon-gateway/gibbon"

	"example.com/hello-gateway/audit"
	"example.com/hello-gateway/hello"
	"example.com/hello-gateway/quota"
)

func main() { gibbon.Main(audit.Type, hello.Type, quota.Type) }

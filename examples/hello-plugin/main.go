// Command hello-gateway is a gateway with two plugins of its own.
package main

import (
	"github.com/gibbon-gateway/gibbon"

	"example.com/hello-gateway/hello"
	"example.com/hello-gateway/quota"
)

func main() { gibbon.Main(hello.Type, quota.Type) }

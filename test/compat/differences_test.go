package compat_test

import "regexp"

// differences are the exchanges that are not answered as Kong did, and why. One that is answered so all the same fails the
// test: then it has to leave the list.
var differences = map[string]string{
	"a020-service-json-array":  "Kong fails with status 500 on a body that is no object; here it is the client's fault, 400.",
	"a021-service-json-string": "As a020.",
	"c014h-plugin-patch-move-route": "Kong compares the protocols of the plugin with those of the service before it has looked up " +
		"the service's name, and refuses what it takes by id; here names are looked up first.",

	"c025-plugin-proxy-cache": "The plugin has more fields than Kong's: those of the shared and the standard cache.",

	"c009-plugin-form-array":           "needs plugin cors",
	"c009b-plugin-form-array-ok":       "needs plugin cors",
	"c014-plugin-patch-merge":          "needs plugin cors",
	"c014b-plugin-patch-array-replace": "needs plugin cors",
	"c014c-plugin-patch-disable":       "needs plugin cors",
	"c014d-plugin-patch-form-clear":    "needs plugin cors",
	"c014e-plugin-nested-route":        "needs plugin cors",
	"c016-plugin-patch-change-name":    "needs plugin cors",
	"c030-plugin-put-by-name":          "needs plugin cors",

	"p062-ba-none": "needs plugin basic-auth",
	"p063-ba-ok":   "needs plugin basic-auth",
	"p064-ba-bad":  "needs plugin basic-auth",
}

// ownPlugins are plugins that Kong sells or does not have.
var ownPlugins = []string{"openid-connect", "proxy-cache-advanced"}

// ownPath matches paths of the Admin API that Kong's free edition does not have: those of consumer groups.
var ownPath = regexp.MustCompile(`^/consumer_groups(/|$)|^/(consumers|plugins)/\{\w+\}/consumer_groups?(/|$)`)

// missingPath matches paths of the Admin API that are not here: those of plugins and kinds of entities that are not, and of
// Kong's insides (its cache, timers, WebAssembly, log levels, clustering). Kong itself answers /targets, /targets/… and
// /snis/{snis}/certificate with 404.
var missingPath = regexp.MustCompile(`^/(acme|acme_storage|basic-auths|hmac-auths|sessions|metrics|proxy-cache|` +
	`keys|key-sets|vaults|filter-chains|cache|clustering|debug|timers|targets)(/|$)|` +
	`^/(services|routes|consumers)/\{\w+\}/(filter-chains|filters|basic-auth|hmac-auth)(/|$)|` +
	`^/schemas/(filters|vaults)/|^/snis/\{snis\}/certificate$|^/status/dns$|^/plugins/schema/|` +
	`^/upstreams/\{upstreams\}/targets/\{targets\}/(\{address\}/)?(un)?healthy$`)

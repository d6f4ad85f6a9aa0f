package openidconnect_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/plugins/openidconnect"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// 100,000 different tokens on two instances take the room of the one cache that they share, in memory as in its own count.
func TestMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		return // takes some seconds
	}
	g := prepare(t)
	typ := openidconnect.Declare()
	config := g.config("auth_methods: [bearer]\nverify_signature: false\nupstream_headers: [{header: X-Sub, path: [sub]}]")
	var access []func(x *plugin.Exchange) error
	for range 2 {
		access = append(access, g.stage.Instance(t, typ, config).Plugin.(plugin.Accessor).Access)
	}
	signature := b64(strings.Repeat("s", 256))
	send := func(n int) {
		claims := g.provider.Claims("sub", fmt.Sprint("user-", n), "jti", n, "username", "jane", "client_id", "1example23456789", "groups", []string{"staff", "admins"})
		token := b64(`{"alg":"RS256","kid":"k"}`) + "." + b64(jsonText(claims)) + "." + signature
		x := plugintest.Exchange(plugintest.Request{Header: []string{"Authorization", "Bearer " + token}})
		if err := access[n%2](x); err != nil {
			t.Fatal(err)
		}
	}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	send(0)
	before := heap()
	for n := range 100_000 {
		send(n)
	}
	const limit = openidconnect.TokenCacheBytes
	if grown := heap() - before; grown > limit || grown < limit/16 {
		t.Errorf("100,000 tokens took %d KiB, of %d", grown>>10, limit>>10)
	} else {
		t.Logf("%d KiB, of %d", grown>>10, limit>>10)
	}
	runtime.KeepAlive(access)
}

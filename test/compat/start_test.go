package compat_test

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/balance"
	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/plan"
	"github.com/gibbon-gateway/gibbon/internal/plugins"
	"github.com/gibbon-gateway/gibbon/internal/protocols"
	"github.com/gibbon-gateway/gibbon/internal/proxy"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
	"github.com/gibbon-gateway/gibbon/internal/source"
	"github.com/gibbon-gateway/gibbon/internal/statedb/memory"
	"github.com/gibbon-gateway/gibbon/schema"
)

// starts are the ways to start a proxy with a declarative configuration. Each returns the URL of its plain listener; the
// proxy ends with the test.
var starts = map[string]func(t *testing.T, configYAML string) (proxyURL string){
	"plain": func(t *testing.T, configYAML string) string { return start(t, configYAML, false) },
	"raw":   func(t *testing.T, configYAML string) string { return start(t, configYAML, true) },
}

// start starts a proxy; raw says whether it does system calls of our own.
func start(t *testing.T, configYAML string, raw bool) (proxyURL string) {
	t.Helper()
	types := plugins.All()
	config, err := source.Parse([]byte(configYAML), source.Options{Plugin: func(name string) *schema.Schema {
		if p := types[name]; p != nil {
			return p.Schema()
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	set, problems := entity.NewSet(1, config.Objects)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	registry := balance.New(balance.Config{})
	build := snapshot.Options{Types: types, Balance: registry, Directory: &snapshot.Directory{}}
	build.Env.Log, build.Env.Now = slog.New(slog.DiscardHandler), time.Now
	shared := memory.New(memory.Options{})
	build.Env.State = shared
	pool := protocols.NewUpstreams(&http1.Pool{Raw: raw})
	p := proxy.New(proxy.Options{Version: "1.0", UpstreamID: true, Upstreams: pool, Log: build.Env.Log})
	s, problems := snapshot.Build(p.Current(), plan.Translate(set, p.Current().Config()), build)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	p.Swap(s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := protocols.NewServer(p, protocols.Options{Raw: raw})
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(ctx)
		<-served
		p.Close()
		pool.Close()
		registry.Close()
		shared.Close()
	})
	return "http://" + l.Addr().String()
}

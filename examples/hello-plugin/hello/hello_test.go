package hello_test

import (
	"testing"

	"example.com/hello-gateway/hello"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

func TestHello(t *testing.T) {
	h := plugintest.New(t, hello.Type, `{"greeting":"Moin"}`, plugin.Env{})
	r := h.Run(plugintest.Request{Consumer: &entity.Consumer{ID: "1", Username: "ann"}}, plugintest.Reply{})
	if got := r.Upstream.Get("X-Hello"); got != "Moin, upstream" {
		t.Errorf("the upstream gets %q", got)
	}
	if got := r.Get("X-Hello"); got != "Moin, ann" {
		t.Errorf("the client gets %q", got)
	}
}

func TestHelloRefusesConfigurations(t *testing.T) {
	if _, errs := plugintest.Config(hello.Type, `{"field":"no field"}`); errs["field"] == nil {
		t.Errorf("errors %v", errs)
	}
}

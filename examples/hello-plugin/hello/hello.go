// Package hello is the plugin hello: it greets the upstream and the client in a header field.
package hello

import "github.com/gibbon-gateway/gibbon/plugin"

type config struct {
	Greeting string `json:"greeting" conf:"required;default=Hello;len_min=1" doc:"What to say."`
	Field    string `json:"field" conf:"required;default=X-Hello;header_name" doc:"The field to say it in."`
}

// Type is the plugin.
var Type = plugin.Define(plugin.Desc{
	Name:     "hello",
	Version:  "1.0.0",
	Priority: 500,
	Doc:      "Greets upstream and client in a header field.",
}, func(c config, _ plugin.Env) (any, error) { return &greeter{c}, nil })

// greeter is one configuration at work.
type greeter struct{ config }

// Access runs before the upstream is asked.
func (g *greeter) Access(x *plugin.Exchange) error {
	x.Request.Header.Set(g.Field, g.Greeting+", upstream")
	return nil
}

// HeaderFilter runs before the response is sent.
func (g *greeter) HeaderFilter(x *plugin.Exchange) error {
	name := "stranger"
	if x.Consumer != nil {
		name = x.Consumer.Username
	}
	x.Response.Header.Set(g.Field, g.Greeting+", "+name)
	return nil
}

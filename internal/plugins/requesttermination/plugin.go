// Package requesttermination is the plugin request-termination: it answers requests itself, with a fixed status, message or
// body, or with a description of the request. Its main type is termination. It never asks the upstream.
package requesttermination

import (
	"errors"
	"os"

	"github.com/gibbon-gateway/gibbon/edit"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
)

type config struct {
	StatusCode  int    `json:"status_code" conf:"required;default=503;between=100,599" doc:"The status code to send."`
	Message     string `json:"message" doc:"The message to send, as JSON."`
	ContentType string `json:"content_type" doc:"The type of the body."`
	Body        string `json:"body" doc:"The body to send as it is, instead of a message."`
	Echo        bool   `json:"echo" conf:"required;default=false" doc:"Answers with a description of the request. For debugging."`
	Trigger     string `json:"trigger" conf:"header_name" doc:"Answers only requests that have a header or a query parameter of this name."`
}

// Type is the plugin.
var Type = plugin.Define(plugin.Desc{
	Name:     "request-termination",
	Priority: 2,
	Doc:      "Answers requests itself, with a fixed status, message or body.",
}, build, schema.CheckRecord(checkConfig))

// termination is one configuration at work.
type termination struct {
	config
	hostname string
}

func build(c config, _ plugin.Env) (any, error) {
	t := &termination{config: c}
	if c.Echo {
		t.hostname, _ = os.Hostname() // "" where the system does not tell
	}
	return t, nil
}

// messages are what is said to a status when nothing is configured.
var messages = map[int]string{
	401: "Unauthorized",
	404: "Not found",
	405: "Method not allowed",
	500: "An unexpected error occurred",
	502: "Bad Gateway",
	503: "Service unavailable",
}

// Access ends the request.
func (t *termination) Access(x *plugin.Exchange) error {
	if t.Trigger != "" && !x.Request.Header.Has(t.Trigger) {
		if _, count := edit.Find(x.Request.Query(), t.Trigger); count == 0 {
			return nil
		}
	}
	switch {
	case t.Echo:
		return t.echo(x)
	case t.Body != "" && t.ContentType != "":
		return x.Exit(t.StatusCode, t.Body, "Content-Type", t.ContentType)
	case t.Body != "":
		return x.Exit(t.StatusCode, t.Body)
	}
	if m := t.message(); m != "" {
		return x.Exit(t.StatusCode, map[string]string{"message": m})
	}
	return x.Exit(t.StatusCode, nil)
}

func (t *termination) message() string {
	if t.Message != "" {
		return t.Message
	}
	return messages[t.StatusCode]
}

// checkConfig checks what concerns several fields, in Kong's words.
func checkConfig(c map[string]any) error {
	is := func(name string) bool { s, _ := c[name].(string); return s != "" }
	switch {
	case is("message") && (is("content_type") || is("body")):
		return errors.New("message cannot be used with content_type or body")
	case is("content_type") && !is("body"):
		return errors.New("content_type requires a body")
	case c["echo"] == true && is("body"):
		return errors.New("echo cannot be used with content_type and body")
	}
	return nil
}

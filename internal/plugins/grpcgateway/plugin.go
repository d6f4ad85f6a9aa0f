// Package grpcgateway is the plugin grpc-gateway: it lets clients of JSON over HTTP call gRPC services, by the google.api.http options
// of a .proto file. Its main type is gateway. It does not serve gRPC clients, and cannot stream from the client.
package grpcgateway

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/grpcframe"
	"github.com/gibbon-gateway/gibbon/internal/protofile"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
)

type config struct {
	Proto string `json:"proto" conf:"optional" doc:"The .proto file of the services, with google.api.http options. It is read when the configuration is loaded."`
}

// Type is the plugin.
var Type = plugin.Define(plugin.Desc{
	Name:      "grpc-gateway",
	Priority:  998,
	Doc:       "Lets clients call gRPC services by JSON over HTTP.",
	Protocols: []string{"grpc", "grpcs", "http", "https"}, // and, as in Kong, any other may be given
}, build, schema.CheckField("proto", checkProto))

// checkProto reads the file, so that whoever configures it sees what is wrong with it.
func checkProto(v any) error {
	name, _ := v.(string)
	if name == "" {
		return nil
	}
	_, err := load(name)
	return err
}

// maxBody is the longest body of a request, in bytes. In memory a message of JSON takes several times as much.
const maxBody = 4 << 20

// gateway is one configuration at work.
type gateway struct {
	file     *protofile.File // nil without a .proto file
	bindings []*binding
}

func build(c config, _ plugin.Env) (any, error) {
	if c.Proto == "" {
		return &gateway{}, nil
	}
	g, err := load(c.Proto)
	if err != nil {
		return nil, fmt.Errorf("config.proto: %w", err)
	}
	return g, nil
}

func load(name string) (*gateway, error) {
	f, err := protofile.Load(name)
	if err != nil {
		return nil, err
	}
	list, err := bindings(f)
	if err != nil {
		return nil, err
	}
	return &gateway{f, list}, nil
}

// Access makes a request a call of gRPC.
func (g *gateway) Access(x *plugin.Exchange) error {
	x.Response.Header.Set("Access-Control-Allow-Origin", "*")
	if x.Request.Method == http.MethodOptions {
		return x.Exit(http.StatusOK, "OK", "Content-Type", "application/json", "Access-Control-Allow-Origin", "*",
			"Access-Control-Allow-Methods", "GET,POST,PATCH,DELETE", "Access-Control-Allow-Headers", "content-type")
	}
	if g.file == nil {
		return x.Exit(http.StatusBadRequest, "transcoding requests require a .proto file defining the service")
	}
	path := string(x.Request.Path)
	b, values := find(g.bindings, x.Request.Method, path)
	if b == nil {
		return x.Exit(http.StatusBadRequest, "failed to transcode .proto file "+g.unknown(x.Request.Method, path))
	}
	body, err := x.Request.Body(maxBody)
	switch {
	case errors.Is(err, plugin.ErrBodyTooLarge):
		return x.Exit(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", maxBody))
	case err != nil:
		return err
	}
	message, err := b.message(g.file, values, string(x.Request.Query()), body)
	if err != nil {
		return x.Exit(http.StatusBadRequest, "failed to encode payload: "+err.Error())
	}
	x.SetLocal(b)
	r := &x.Request
	r.SetBody(grpcframe.Append(make([]byte, 0, 5+len(message)), 0, message))
	r.SetMethod(http.MethodPost)
	r.SetPath(b.method.Path)
	r.SetQuery(nil)
	r.Header.Set("Content-Type", "application/grpc")
	r.Header.Set("TE", "trailers")
	// The message is made here, and the answer has to be read here.
	r.Header.Del("Content-Encoding")
	r.Header.Del("grpc-encoding")
	r.Header.Del("grpc-accept-encoding")
	return nil
}

// unknown says why there is no binding, in Kong's words.
func (g *gateway) unknown(verb, path string) string {
	for _, b := range g.bindings {
		if b.verb == verb || b.verb == "*" {
			return `Unknown path "` + path + `"`
		}
	}
	return `Unknown method "` + strings.ToLower(verb) + `"`
}

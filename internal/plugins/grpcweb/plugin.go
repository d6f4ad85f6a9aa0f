// Package grpcweb is the plugin grpc-web: it lets browsers, which cannot speak gRPC, call services that do. Requests of gRPC-Web
// (application/grpc-web, and -text in base64), and plain JSON where there is a .proto file, go upstream as gRPC; trailers come back at
// the end of the body. Its main type is bridge. It does not look into messages unless they are JSON.
package grpcweb

import (
	"errors"
	"fmt"
	"net/http"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/grpcframe"
	"github.com/gibbon-gateway/gibbon/internal/protofile"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
)

type config struct {
	Proto             string `json:"proto" conf:"optional" doc:"The .proto file of the services, for requests in JSON. It is read when the configuration is loaded."`
	PassStrippedPath  bool   `json:"pass_stripped_path" conf:"optional" doc:"Asks the upstream for the path that the route's strip_path leaves, instead of the client's whole path."`
	AllowOriginHeader string `json:"allow_origin_header" conf:"optional;default=*" doc:"The value of Access-Control-Allow-Origin in responses."`
}

// Type is the plugin.
var Type = plugin.Define(plugin.Desc{
	Name:      "grpc-web",
	Priority:  3,
	Doc:       "Lets browsers call gRPC services, by gRPC-Web or JSON.",
	Protocols: []string{"grpc", "grpcs", "http", "https"}, // and, as in Kong, any other may be given
}, build, schema.CheckField("proto", checkProto))

// checkProto reads the file, so that whoever configures it sees what is wrong with it.
func checkProto(v any) error {
	name, _ := v.(string)
	if name == "" {
		return nil
	}
	_, err := protofile.Load(name)
	return err
}

// The longest bodies of requests, in bytes. They are held in memory: a call of gRPC-Web has one message from the client.
const (
	maxBody = 16 << 20
	maxJSON = 4 << 20 // in memory a message of JSON takes several times as much
)

// bridge is one configuration at work.
type bridge struct {
	config
	file *protofile.File // nil without a .proto file
}

func build(c config, _ plugin.Env) (any, error) {
	b := &bridge{config: c}
	if c.Proto != "" {
		var err error
		if b.file, err = protofile.Load(c.Proto); err != nil {
			return nil, fmt.Errorf("config.proto: %w", err)
		}
	}
	return b, nil
}

// call is a request that is taken for one of gRPC.
type call struct {
	content
	contentType string            // as the client sent it
	file        *protofile.File   // of method
	method      *protofile.Method // for JSON; else nil
}

// Access makes a request one of gRPC.
func (b *bridge) Access(x *plugin.Exchange) error {
	if x.Request.Method == http.MethodOptions {
		return x.Exit(http.StatusOK, "OK", "Content-Type", "application/grpc-web-text+proto",
			"Access-Control-Allow-Origin", b.AllowOriginHeader, "Access-Control-Allow-Methods", "POST",
			"Access-Control-Allow-Headers", "content-type,x-grpc-web,x-user-agent")
	}
	contentType, _ := x.Request.Header.Known(header.ContentType)
	c := &call{contentType: string(contentType), file: b.file}
	var known bool
	if c.content, known = contentOf(c.contentType); (!known || c.json) && b.file == nil {
		return x.Exit(http.StatusBadRequest, "transcoding requests require a .proto file defining the service")
	}
	if !known {
		return x.Exit(http.StatusUnsupportedMediaType, "the Content-Type is none of gRPC-Web, and not application/json")
	}
	path := string(x.Request.Path)
	if b.PassStrippedPath {
		path = x.Request.UpstreamPath()
	}
	if c.json {
		if c.method = b.file.Method(path); c.method == nil {
			return x.Exit(http.StatusBadRequest, `Unkown path "`+path+`"`) // Kong's spelling
		}
	}
	if x.Request.Method != http.MethodPost {
		return x.Exit(http.StatusMethodNotAllowed, "calls of gRPC-Web use the method POST", "Allow", "POST, OPTIONS")
	}
	x.SetLocal(c)
	body, err := c.body(x)
	if err != nil {
		return err
	}
	x.Request.SetBody(body)
	x.Request.SetPath(path)
	h := &x.Request.Header
	h.Set("Content-Type", "application/grpc")
	h.Set("TE", "trailers")
	if c.json {
		h.Del("grpc-encoding") // the message is made here, and the answer has to be read here
		h.Del("grpc-accept-encoding")
	}
	return nil
}

// body reads the request's body and makes it one of gRPC. It may answer the request instead.
func (c *call) body(x *plugin.Exchange) ([]byte, error) {
	limit := maxBody
	if c.json {
		limit = maxJSON
	}
	body, err := x.Request.Body(limit)
	switch {
	case errors.Is(err, plugin.ErrBodyTooLarge):
		return nil, x.Exit(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", limit))
	case err != nil:
		return nil, err
	}
	if body, err = c.grpc(body); err != nil {
		return nil, x.Exit(http.StatusBadRequest, err.Error())
	}
	return body, nil
}

// grpc makes a body one of gRPC.
func (c *call) grpc(body []byte) ([]byte, error) {
	var err error
	if c.text {
		if body, err = decodeText(body); err != nil {
			return nil, err
		}
	}
	if !c.json {
		var s grpcframe.Scanner
		if err = s.Scan(body); err == nil {
			err = s.End()
		}
		if err != nil {
			return nil, fmt.Errorf("the body is not of gRPC-Web: %w", err)
		}
		return body, nil
	}
	if c.framed {
		if body, err = single(body); err != nil {
			return nil, err
		}
	}
	message := dynamicpb.NewMessage(c.method.Input)
	if err := c.file.ReadJSON(message, body); err != nil {
		return nil, fmt.Errorf("failed to encode payload: %w", err)
	}
	wire, err := proto.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("failed to encode payload: %w", err)
	}
	return grpcframe.Append(make([]byte, 0, 5+len(wire)), 0, wire), nil
}

// single returns the message of a body that has one frame.
func single(body []byte) ([]byte, error) {
	d := grpcframe.NewDecoder(maxJSON)
	d.Feed(body)
	flags, message, ok, err := d.Next()
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, grpcframe.ErrTruncated
	case flags != 0:
		return nil, fmt.Errorf("%w: a message in JSON has none, got 0x%02x", grpcframe.ErrFlags, flags)
	case d.End() != nil:
		return nil, errors.New("the body has more than one message")
	}
	return message, nil
}

// Package grpc_test calls gRPC services through a whole gateway, with grpc-go's client and server and its interoperability cases.
package grpc_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/url"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/gibbon-gateway/gibbon/gibbontest"
)

// serve starts grpc-go's test service.
func serve(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	testgrpc.RegisterTestServiceServer(s, interop.NewTestServer())
	go s.Serve(l)
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

// gateway starts a gateway with a service at upstream, and more of its configuration.
func gateway(t *testing.T, upstream, more string) *gibbontest.Gateway {
	t.Helper()
	return gibbontest.Start(t, fmt.Sprintf(`_format_version: "3.0"
services:
- name: calls
  url: grpc://%s
  routes:
  - name: all
    protocols: [grpc, grpcs]
    hosts: [calls.test]
    paths: [/]
%s`, upstream, more), map[string]string{"proxy_listen": "127.0.0.1:0 http2, 127.0.0.1:0 ssl http2"})
}

// dial connects to the gateway, with TLS or without, as calls.test.
func dial(t *testing.T, at string, authority string) *grpc.ClientConn {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	var c credentials.TransportCredentials = insecure.NewCredentials()
	if u.Scheme == "https" {
		c = credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})
	}
	conn, err := grpc.NewClient("passthrough:///"+u.Host, grpc.WithTransportCredentials(c), grpc.WithAuthority(authority))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestInterop runs grpc-go's interoperability cases through the gateway. A case that fails ends the program.
func TestInterop(t *testing.T) {
	g := gateway(t, serve(t), "")
	for name, at := range map[string]string{"h2c": g.Proxy, "tls": g.ProxyTLS} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, at, "calls.test")
			c := testgrpc.NewTestServiceClient(conn)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			interop.DoEmptyUnaryCall(ctx, c)
			interop.DoLargeUnaryCall(ctx, c)
			interop.DoClientStreaming(ctx, c)
			interop.DoServerStreaming(ctx, c)
			interop.DoPingPong(ctx, c)
			interop.DoEmptyStream(ctx, c)
			interop.DoTimeoutOnSleepingServer(ctx, c)
			interop.DoCancelAfterBegin(ctx, c)
			interop.DoCancelAfterFirstResponse(ctx, c)
			interop.DoCustomMetadata(ctx, c)
			interop.DoStatusCodeAndMessage(ctx, c)
			interop.DoSpecialStatusMessage(ctx, c)
			interop.DoUnimplementedMethod(ctx, conn)
			interop.DoUnimplementedService(ctx, testgrpc.NewUnimplementedServiceClient(conn))
		})
	}
}

// TestFullDuplex shows that both directions of a call flow at once: each message is answered before the next is sent, past
// the windows of both sides.
func TestFullDuplex(t *testing.T) {
	g := gateway(t, serve(t), "")
	stream, err := testgrpc.NewTestServiceClient(dial(t, g.Proxy, "calls.test")).FullDuplexCall(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	payload := make([]byte, 64<<10)
	for i := range 40 {
		err := stream.Send(&testgrpc.StreamingOutputCallRequest{Payload: &testgrpc.Payload{Body: payload},
			ResponseParameters: []*testgrpc.ResponseParameters{{Size: int32(len(payload))}}})
		if err != nil {
			t.Fatal(err)
		}
		m, err := stream.Recv()
		if err != nil || len(m.Payload.Body) != len(payload) {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	stream.CloseSend()
	if _, err := stream.Recv(); err != io.EOF {
		t.Error(err)
	}
}

// TestRefusals shows the status that grpc-go's client sees when the gateway or a plugin refuses a call.
func TestRefusals(t *testing.T) {
	const keyed = "    plugins: [{name: key-auth}]\n"
	const limited = "    plugins: [{name: rate-limiting, config: {minute: 1, policy: local}}]\n"
	up := serve(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	closed.Close()
	http1 := gibbontest.NewUpstream(t, nil)
	for _, c := range []struct {
		name, upstream, more, authority string
		calls                           int
		want                            codes.Code
	}{
		{"let in", up, "", "calls.test", 1, codes.OK},
		{"no route", up, "", "other.test", 1, codes.NotFound},
		{"no key", up, keyed, "calls.test", 1, codes.Unauthenticated},
		{"over the limit", up, limited, "calls.test", 2, codes.ResourceExhausted},
		{"nobody listens", nobody, "", "calls.test", 1, codes.Unavailable},
		{"upstream of HTTP/1.1", http1.Listener.Addr().String(), "", "calls.test", 1, codes.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := gateway(t, c.upstream, c.more)
			client := testgrpc.NewTestServiceClient(dial(t, g.Proxy, c.authority))
			var err error
			for range c.calls {
				_, err = client.EmptyCall(t.Context(), &testgrpc.Empty{})
			}
			if got := status.Code(err); got != c.want {
				t.Errorf("%v (%v), want %v", got, err, c.want)
			}
		})
	}
}

// TestMetadata shows that metadata and trailers pass both ways, and that the upstream is told who calls.
func TestMetadata(t *testing.T) {
	g := gateway(t, serve(t), "")
	c := testgrpc.NewTestServiceClient(dial(t, g.ProxyTLS, "calls.test"))
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-grpc-test-echo-initial", "first", "x-grpc-test-echo-trailing-bin", "\x00\xff")
	var head, tail metadata.MD
	_, err := c.UnaryCall(ctx, &testgrpc.SimpleRequest{ResponseSize: 3}, grpc.Header(&head), grpc.Trailer(&tail))
	if err != nil || fmt.Sprint(head["x-grpc-test-echo-initial"]) != "[first]" || fmt.Sprintf("%q", tail["x-grpc-test-echo-trailing-bin"]) != `["\x00\xff"]` {
		t.Errorf("%v, %v, %v", err, head, tail)
	}
	if len(head["x-kong-request-id"]) != 1 || fmt.Sprint(head["via"][0][:2]) != "2 " {
		t.Errorf("%v", head)
	}
}

// Package peer is what stands at both ends of a proxy that is measured: a load generator for HTTP/1.1, HTTP/2, gRPC and WebSocket, and light
// upstreams for gRPC and WebSocket. Its main type is Spec, what is asked; Run asks it. It either keeps all connections busy, which shows
// what a request costs, or sends at times that are fixed in advance, which shows how long one takes. It checks of each
// response that it is one, and nothing else: it is no client for other uses. It measures nothing of the proxy; that is package rig's.
package peer

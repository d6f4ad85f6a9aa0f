package grpcweb

// DecodeText is decodeText for tests.
var DecodeText = decodeText

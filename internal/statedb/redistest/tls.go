package redistest

import (
	"crypto/x509"
	"strconv"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/statedb/servertest"
)

// StartTLS starts a server that speaks TLS alone, as "redis.test". The pool holds what its certificate is signed by.
func StartTLS(tb testing.TB) (*Server, *x509.CertPool) {
	tb.Helper()
	cert, key, pool := servertest.Certificate(tb, "redis.test", nil)
	port := servertest.FreePort(tb)
	return launch(tb, &Server{Port: port, overTLS: true}, []string{
		"--port", "0", "--tls-port", strconv.Itoa(port), "--tls-cert-file", cert, "--tls-key-file", key,
		"--tls-ca-cert-file", cert, "--tls-auth-clients", "no",
	}), pool
}

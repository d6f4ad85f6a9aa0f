package idp_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/gibbon-gateway/gibbon/internal/idp"
)

// With access keys the SDK's signatures are verified, over http and over https with the provider's own authority; what users call needs none.
func TestSignedCalls(t *testing.T) {
	// One starts without keys to read the authority's certificate, for the extras ask for a key as well.
	folder := t.TempDir()
	first := startIn(t, folder, "127.0.0.1:0", func(*idp.Options) {})
	answer, err := http.Get(first.origin + "/_gibbon/ca.pem")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	certificate, err := io.ReadAll(answer.Body)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(certificate) {
		t.Fatalf("certificate: %v %s", err, certificate)
	}
	address := strings.TrimPrefix(first.origin, "http://localhost")
	first.stop()
	p := startIn(t, folder, "127.0.0.1"+address, func(o *idp.Options) { o.AccessKeys = map[string]string{"AKIDKNOWN": "right"} })
	trusting := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer trusting.CloseIdleConnections()
	by := func(origin, id, secret string) *cip.Client {
		return cip.New(cip.Options{Region: region, BaseEndpoint: &origin, RetryMaxAttempts: 1, HTTPClient: &http.Client{Transport: trusting},
			Credentials: credentials.NewStaticCredentialsProvider(id, secret, "")})
	}
	list := func(c *cip.Client) error {
		_, err := c.ListUserPools(t.Context(), &cip.ListUserPoolsInput{MaxResults: aws.Int32(1)})
		return err
	}
	for _, origin := range []string{p.origin, strings.Replace(p.origin, "http:", "https:", 1)} {
		if err := list(by(origin, "AKIDKNOWN", "right")); err != nil {
			t.Errorf("%s: %v", origin, err)
		}
		refused(t, list(by(origin, "AKIDKNOWN", "wrong")), "InvalidSignatureException", "")
		refused(t, list(by(origin, "AKIDOTHER", "right")), "UnrecognizedClientException", "")
		_, err := by(origin, "AKIDOTHER", "wrong").InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: aws.String("nobody"), AuthFlow: "USER_PASSWORD_AUTH",
			AuthParameters: map[string]string{"USERNAME": "x", "PASSWORD": "x"}})
		refused(t, err, "ResourceNotFoundException", "")
	}
}

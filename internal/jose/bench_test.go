package jose_test

import (
	"encoding/base64"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/jose"
)

func BenchmarkParse(b *testing.B) {
	enc := base64.RawURLEncoding.EncodeToString
	// A token of Cognito's form.
	raw := []byte(enc([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + enc([]byte(`{"sub":"9f0c1d7e-1111-2222-3333-000000000001","iss":"http://127.0.0.1:40000/us-west-2_x","client_id":"1benchmachine00000000000","version":2,"token_use":"access","scope":"http://bench/read openid email",`+
		`"auth_time":1795553201,"iat":1795553201,"exp":1795553201,"jti":"5a0c1d7e-1111-2222-3333-000000000001","username":"jane","cognito:groups":["staff","admins"]}`)) + "." + enc(make([]byte, 256)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := jose.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}

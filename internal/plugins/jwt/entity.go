package jwt

import (
	"slices"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema"
)

// kind is the kind of entity that tokens are verified with.
const kind = "jwt_secrets"

// Secret is what tokens of a consumer are verified with.
type Secret struct {
	ID           string      `json:"id" conf:"id"`
	CreatedAt    int64       `json:"created_at" conf:"created_at"`
	Consumer     *entity.Ref `json:"consumer" conf:"foreign=consumers;required;on_delete=cascade" doc:"The consumer that the tokens stand for."`
	Key          string      `json:"key" conf:"optional;unique;auto" doc:"What tokens name the secret by, in iss. One is made up if it is missing."`
	Secret       string      `json:"secret" conf:"auto" doc:"The secret of HMAC algorithms. One is made up if it is missing."`
	RSAPublicKey string      `json:"rsa_public_key" doc:"The public key of the other algorithms, in PEM."`
	Algorithm    string      `json:"algorithm" conf:"default=HS256;one_of=HS256,HS384,HS512,RS256,RS384,RS512,ES256,ES384,ES512,PS256,PS384,PS512,EdDSA" doc:"The algorithm that tokens are signed with."`
	Tags         []string    `json:"tags" conf:"tags" doc:"Labels to group and filter by."`
}

var secrets = entity.NewKind[Secret](entity.Kind{
	Name: kind, Path: "jwts", Endpoint: "key", Keyed: true, Unique: [][]string{{"key"}},
	Schema: schema.Of[Secret](
		schema.If("algorithm", "match_any=^RS256$,^RS384$,^RS512$,^PS256$,^PS384$,^PS512$,^EdDSA$,").Then("rsa_public_key", "required"),
		schema.CheckAlways(checkPublicKey),
	),
	Refs: []entity.Reference{{Field: "consumer", To: "consumers", Nested: "jwt", Cascade: true}},
})

// keyed are the algorithms that need a public key to be stored. Kong does not ask for that of ES*, only when it verifies.
var keyed = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"}

// checkPublicKey wants a key that can be read where the algorithm needs one.
func checkPublicKey(doc map[string]any) schema.Errors {
	algorithm, _ := doc["algorithm"].(string)
	key, _ := doc["rsa_public_key"].(string)
	if key == "" || !slices.Contains(keyed, algorithm) || entity.IsPublicKey(key) {
		return nil
	}
	return schema.Errors{
		"rsa_public_key": "invalid key",
		"@entity":        []string{"failed conditional validation given value of field 'algorithm'"},
	}
}

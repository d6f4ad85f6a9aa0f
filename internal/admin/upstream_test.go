package admin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/admin"
)

// pair makes a certificate and its key.
func pair(t *testing.T, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotAfter: time.Now().Add(time.Hour), DNSNames: []string{name}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text}))
}

func TestTargets(t *testing.T) {
	type set struct {
		target, address string
		healthy         bool
	}
	var sets []set
	a := newTester(t, func(o *admin.Options) {
		o.Health = func(u *entity.Upstream, target *entity.Target) admin.TargetHealth {
			return admin.TargetHealth{Health: "UNHEALTHY", Addresses: []admin.Address{
				{IP: "127.0.0.1", Port: 80, Weight: target.Weight, Health: "UNHEALTHY"}}}
		}
		o.SetHealth = func(_, target, address string, healthy bool) error {
			sets = append(sets, set{target, address, healthy})
			return nil
		}
	})
	a.want(201, "POST", "/upstreams", "name=u")
	a.want(201, "POST", "/upstreams", "name=other")
	a.message(404, "Not found", "POST", "/upstreams/none/targets", "target=a.test")
	a.equal(a.want(201, "POST", "/upstreams/u/targets", "target=a.test&weight=5"), "target", `"a.test:8000"`)
	a.want(201, "POST", "/upstreams/other/targets", "target=a.test")
	a.want(409, "POST", "/upstreams/u/targets", "target=a.test:8000")
	got := a.want(200, "PUT", "/upstreams/u/targets/a.test:8000", `{"tags":["x"]}`) // PUT is PATCH
	a.equal(got, "weight", `5`)
	a.equal(got, "tags", `["x"]`)
	a.message(404, "Not found", "PUT", "/upstreams/u/targets/b.test:80", `{"weight":1}`)
	a.message(404, "Not found", "PATCH", "/upstreams/u/targets/b.test:80", `{"weight":1}`)
	a.message(404, "Not found", "DELETE", "/upstreams/u/targets/b.test:80", "")
	other := a.want(200, "GET", "/upstreams/other", "")["id"]
	a.message(400, "schema violation (upstream: immutable field cannot be updated)", "PATCH", "/upstreams/u/targets/a.test",
		fmt.Sprintf(`{"upstream":{"id":%q}}`, other))
	if list := a.want(200, "GET", "/upstreams/u/targets/all", "")["data"].([]any); len(list) != 1 {
		t.Error(list)
	}
	health := a.want(200, "GET", "/upstreams/u/health", "")
	a.equal(health, "node_id", `"node"`)
	a.equal(health["data"].([]any)[0], "health", `"UNHEALTHY"`)
	a.equal(health["data"].([]any)[0], "data.weight", `{"total":5,"available":0,"unavailable":5}`)
	a.equal(a.want(200, "GET", "/upstreams/u/health?balancer_health=1", ""), "data.health", `"UNHEALTHY"`)
	a.want(204, "PUT", "/upstreams/u/targets/a.test:8000/unhealthy", "")
	a.want(204, "PUT", "/upstreams/u/targets/a.test:8000/127.0.0.1:80/healthy", "")
	a.message(404, "Not found", "PUT", "/upstreams/u/targets/b.test/healthy", "")
	if want := []set{{"a.test:8000", "", false}, {"a.test:8000", "127.0.0.1:80", true}}; !slices.Equal(sets, want) {
		t.Error(sets)
	}
	a.want(204, "DELETE", "/upstreams/u", "")
	if list := a.want(200, "GET", "/upstreams/other/targets", "")["data"].([]any); len(list) != 1 {
		t.Error(list)
	}
}

// Newest targets come first, whatever the page.
func TestTargetPages(t *testing.T) {
	a := newTester(t)
	a.want(201, "POST", "/upstreams", "name=u")
	for i := range 5 {
		a.want(201, "POST", "/upstreams/u/targets", fmt.Sprintf("target=t%d:80&created_at=%d", i, 1000+i))
	}
	var names []any
	for path := "/upstreams/u/targets?size=2"; path != ""; {
		page := a.want(200, "GET", path, "")
		for _, target := range page["data"].([]any) {
			names = append(names, target.(map[string]any)["target"])
		}
		path, _ = page["next"].(string)
		if path != "" {
			path += "&size=2"
		}
	}
	if fmt.Sprint(names) != "[t4:80 t3:80 t2:80 t1:80 t0:80]" {
		t.Error(names)
	}
}

// algorithm and hash_on imply each other; a change of one does not bring back the other's stored value.
func TestHashing(t *testing.T) {
	a := newTester(t)
	a.equal(a.want(201, "POST", "/upstreams", "name=u&hash_on=ip"), "algorithm", `"consistent-hashing"`)
	got := a.want(200, "PATCH", "/upstreams/u", "algorithm=latency")
	a.equal(got, "hash_on", `"none"`)
	a.equal(got, "algorithm", `"latency"`)
	a.equal(a.want(200, "PATCH", "/upstreams/u", "slots=100"), "algorithm", `"latency"`)
	got = a.want(200, "PATCH", "/upstreams/u", "hash_on=path")
	a.equal(got, "algorithm", `"consistent-hashing"`)
	a.equal(got, "hash_on", `"path"`)
	a.equal(a.want(200, "PATCH", "/upstreams/u", "slots=200"), "hash_on", `"path"`)
	got = a.want(200, "PATCH", "/upstreams/u", "algorithm=round-robin")
	a.equal(got, "algorithm", `"round-robin"`)
	got = a.want(200, "PATCH", "/upstreams/u", "healthchecks.active.healthy.interval=0.5")
	a.equal(got, "healthchecks.active.healthy.interval", `0.5`)
	a.equal(got, "healthchecks.active.unhealthy.interval", `0`)
	a.equal(got, "algorithm", `"round-robin"`)
	a.want(201, "POST", "/upstreams", "name=n")
	a.equal(a.want(200, "PATCH", "/upstreams/n", "algorithm=consistent-hashing"), "algorithm", `"consistent-hashing"`)
	a.equal(a.want(200, "PATCH", "/upstreams/n", "slots=100"), "algorithm", `"consistent-hashing"`)
	a.equal(a.want(200, "PATCH", "/upstreams/n", "hash_on=none"), "algorithm", `"round-robin"`)
}

func TestCertificates(t *testing.T) {
	a := newTester(t)
	cert, key := pair(t, "a.test")
	body := func(more map[string]any) string {
		m := map[string]any{"cert": cert, "key": key}
		for k, v := range more {
			m[k] = v
		}
		text, _ := json.Marshal(m)
		return string(text)
	}
	one := a.want(201, "POST", "/certificates", body(map[string]any{"snis": []string{"b.test", "a.test"}}))
	a.equal(one, "snis", `["a.test","b.test"]`)
	id := one["id"].(string)
	a.equal(a.want(200, "GET", "/certificates/b.test", ""), "id", fmt.Sprintf("%q", id))
	a.message(404, "SNI not found", "GET", "/certificates/none.test", "")
	a.want(204, "DELETE", "/certificates/none.test", "")
	a.message(400, "schema violation (snis: a.test already associated with existing certificate '"+id+"')", "POST", "/certificates",
		body(map[string]any{"snis": []string{"new.test", "a.test"}}))
	a.message(404, "Not found", "GET", "/snis/new.test", "")
	a.message(400, "schema violation (snis: x.test is duplicated)", "POST", "/certificates",
		body(map[string]any{"snis": []string{"x.test", "x.test"}}))
	a.want(400, "POST", "/certificates", body(map[string]any{"snis": []string{"bad name"}}))
	if n := len(a.want(200, "GET", "/certificates", "")["data"].([]any)); n != 1 {
		t.Errorf("%d certificates", n)
	}
	a.equal(a.want(200, "PATCH", "/certificates/"+id, `{"tags":["t"]}`), "snis", `["a.test","b.test"]`)
	a.equal(a.want(200, "PATCH", "/certificates/"+id, `{"snis":["c.test","a.test"]}`), "snis", `["a.test","c.test"]`)
	a.equal(a.want(200, "GET", "/certificates/"+id+"/snis", "")["data"].([]any)[0], "certificate.id", fmt.Sprintf("%q", id))
	a.equal(a.want(200, "PUT", "/certificates/a.test", body(map[string]any{"snis": []string{"d.test"}})), "snis", `["a.test","d.test"]`)
	a.equal(a.want(200, "PUT", "/certificates/"+id, body(nil)), "snis", `[]`)
	form := url.Values{"cert": {cert}, "key": {key}, "snis[]": {"f.test"}}.Encode()
	made := a.want(200, "PUT", "/certificates/e.test", form)
	a.equal(made, "snis", `["e.test","f.test"]`)
	a.want(201, "POST", "/services", fmt.Sprintf(`{"host":"h","protocol":"https","client_certificate":{"id":%q}}`, id))
	a.message(400, "an existing 'services' entity references this 'certificates' entity", "DELETE", "/certificates/"+id, "")
	a.want(204, "DELETE", "/certificates/e.test", "")
	a.message(404, "Not found", "GET", "/snis/f.test", "")
}

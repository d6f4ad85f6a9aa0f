package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Clock tells the time.
type Clock func() time.Time

// skew is how far a signature's time may be from ours.
const skew = 15 * time.Minute

// credential is a parsed SigV4 Authorization header.
type credential struct {
	key, date, region, service string
	headers                    []string
	signature                  string
}

// parseCredential reads "AWS4-HMAC-SHA256 Credential=KEY/20261124/us-east-1/cognito-idp/aws4_request, SignedHeaders=…, Signature=…".
func parseCredential(header string) (c credential, ok bool) {
	rest, ok := strings.CutPrefix(header, "AWS4-HMAC-SHA256 ")
	if !ok {
		return c, false
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) < 5 || scope[len(scope)-1] != "aws4_request" {
				return c, false
			}
			n := len(scope)
			c.key = strings.Join(scope[:n-4], "/")
			c.date, c.region, c.service = scope[n-4], scope[n-3], scope[n-2]
		case "SignedHeaders":
			c.headers = strings.Split(value, ";")
		case "Signature":
			c.signature = value
		}
	}
	return c, c.key != "" && c.region != "" && len(c.headers) > 0 && c.signature != ""
}

// identify sets the call's region and access key from its signature, and verifies it where keys are configured.
func (h *Handler) identify(c *Call, auth Auth, body []byte) error {
	c.Region = h.config.Region
	if region := hostRegion(c.Request.Host); region != "" {
		c.Region = region
	}
	header := c.Request.Header.Get("Authorization")
	cred, ok := parseCredential(header)
	if ok {
		c.Region, c.AccessKey = cred.region, cred.key
	}
	if auth == Open || len(h.config.Keys) == 0 {
		return nil
	}
	switch {
	case header == "":
		return MissingAuthentication.Errorf("Missing Authentication Token")
	case !ok:
		return IncompleteSignature.Errorf("Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.")
	}
	secretKey, known := h.config.Keys[cred.key]
	if !known {
		return UnrecognizedClient.Errorf("The security token included in the request is invalid.")
	}
	return verify(c.Request, body, cred, secretKey, h.config.Now())
}

// hostRegion reads the region of cognito-idp.{region}.amazonaws.com.
func hostRegion(host string) string {
	rest, ok := strings.CutPrefix(strings.ToLower(host), "cognito-idp.")
	if !ok {
		return ""
	}
	region, _, ok := strings.Cut(rest, ".amazonaws.com")
	if !ok {
		return ""
	}
	return region
}

// verify recomputes the signature.
func verify(r *http.Request, body []byte, c credential, secretKey string, now time.Time) error {
	stamp := r.Header.Get("X-Amz-Date")
	at, err := time.Parse("20060102T150405Z", stamp)
	if err != nil || !strings.HasPrefix(stamp, c.date) || c.service != "cognito-idp" || !slices.Contains(c.headers, "host") {
		return IncompleteSignature.Errorf("The request signature is incomplete.")
	}
	if at.Sub(now).Abs() > skew {
		return InvalidSignature.Errorf("Signature expired: %s is not within 15 minutes of %s", stamp, now.UTC().Format("20060102T150405Z"))
	}
	key := []byte("AWS4" + secretKey)
	for _, part := range []string{c.date, c.region, c.service, "aws4_request"} {
		key = mac(key, part)
	}
	canonical := sha256.Sum256([]byte(canonicalRequest(r, body, c.headers)))
	text := "AWS4-HMAC-SHA256\n" + stamp + "\n" + c.date + "/" + c.region + "/" + c.service + "/aws4_request\n" + hex.EncodeToString(canonical[:])
	if !hmac.Equal([]byte(hex.EncodeToString(mac(key, text))), []byte(c.signature)) {
		return InvalidSignature.Errorf("The request signature we calculated does not match the signature you provided. " +
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return nil
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func canonicalRequest(r *http.Request, body []byte, signed []string) string {
	var b strings.Builder
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	b.WriteString(r.Method + "\n" + path + "\n" + canonicalQuery(r.URL.Query()) + "\n")
	for _, name := range signed {
		values := r.Header.Values(name)
		if name == "host" {
			values = []string{r.Host}
		}
		if name == "content-length" && len(values) == 0 {
			values = []string{strconv.FormatInt(r.ContentLength, 10)}
		}
		b.WriteString(name + ":")
		for i, v := range values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.Join(strings.Fields(v), " "))
		}
		b.WriteByte('\n')
	}
	sum := sha256.Sum256(body)
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + hex.EncodeToString(sum[:]))
	return b.String()
}

func canonicalQuery(q url.Values) string {
	var parts []string
	for k, values := range q {
		for _, v := range values {
			parts = append(parts, escape(k)+"="+escape(v))
		}
	}
	sort.Strings(parts)
	return strings.Join(parts, "&")
}

// escape writes a space as %20, where the standard library writes a plus.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

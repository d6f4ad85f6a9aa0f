// Package api speaks the JSON 1.1 protocol of Cognito's API: it finds the operation that X-Amz-Target names, reads the signature's
// region, decodes and checks the input by the bounds in its struct tags, calls the handler, and writes the output or the error in
// AWS's form, with CORS for browsers.
//
// An operation is one declaration, listed by the domain that owns it:
//
//	api.Op("GetGroup", api.Signed, s.get)   // func (s *Service) get(c *api.Call, in *wire.GetGroupRequest) (*wire.GetGroupResponse, error)
//
// A Handler serves a list of such declarations. A handler answers with its output, with an *Error, or with any other error,
// which is logged and becomes InternalErrorException, or ServiceUnavailable where the database is away. The package knows nothing of pools or users.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"runtime/debug"
	"sort"
	"strings"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
)

// target is what X-Amz-Target begins with.
const target = "AWSCognitoIdentityProviderService."

const (
	maxBody     = 56 << 20 // of an administrator: forty assets of a managed login page, in base64, are the largest there is
	maxOpenBody = 1 << 20  // of anybody
)

// Auth says who may call an operation.
type Auth int

const (
	Signed Auth = iota // by IAM: a signature is expected, and verified when keys are configured
	Open               // by anyone: a client id, an access token or a session in the input decides
)

// Call is the context of one call.
type Call struct {
	context.Context
	Region    string // from the signature, else the host, else the configuration
	AccessKey string // of the signature; "" when unsigned
	RequestID string
	Request   *http.Request // for the address and host of the caller
}

// IP is the caller's address.
func (c *Call) IP() string {
	if c.Request == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(c.Request.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

// Agent is what the caller's program calls itself.
func (c *Call) Agent() string {
	if c.Request == nil {
		return ""
	}
	return c.Request.UserAgent()
}

// Operation is one operation of the API. Made by Op.
type Operation struct {
	Name string
	Auth Auth
	// Stored says that the operation only keeps and returns what it is given: nothing acts on it here.
	Stored bool

	run func(c *Call, doc map[string]any) (any, error)
	in  reflect.Type
}

// AsStored marks operations whose settings nothing acts on.
func AsStored(list ...Operation) []Operation {
	for i := range list {
		list[i].Stored = true
	}
	return list
}

// Op declares an operation by its handler. In's tags say what is valid; see package wire.
func Op[In, Out any](name string, auth Auth, fn func(*Call, *In) (*Out, error)) Operation {
	return Operation{Name: name, Auth: auth, in: reflect.TypeFor[In](), run: func(c *Call, doc map[string]any) (any, error) {
		in := new(In)
		if err := decode(doc, in); err != nil {
			return nil, err
		}
		out, err := fn(c, in)
		if err != nil {
			return nil, err
		}
		return out, nil
	}}
}

// Check checks an input that was made in the program by the same bounds as one that came over the wire.
func Check(in any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	doc, err := parse(body)
	if err != nil {
		return err
	}
	return decode(doc, reflect.New(reflect.TypeOf(in).Elem()).Interface())
}

// Input is the type of the operation's input, for tests that generate requests.
func (o Operation) Input() reflect.Type { return o.in }

// Handler serves operations. Make one with New.
type Handler struct {
	operations map[string]Operation
	config     Config
}

// Config is what a Handler needs to know.
type Config struct {
	Region string            // where calls go that name none
	Keys   map[string]string // access key → secret; empty: signatures are not verified
	Log    *slog.Logger
	Now    Clock
}

// New returns a handler for the operations. Two of one name are a mistake of the program: New panics.
func New(c Config, operations ...[]Operation) *Handler {
	h := &Handler{operations: make(map[string]Operation), config: c}
	for _, list := range operations {
		for _, o := range list {
			if _, taken := h.operations[o.Name]; taken {
				panic("operation " + o.Name + " is declared twice")
			}
			h.operations[o.Name] = o
		}
	}
	return h
}

// Operations lists what the handler serves, by name.
func (h *Handler) Operations() []Operation {
	var all []Operation
	for _, o := range h.operations {
		all = append(all, o)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

// Wants says whether the request is for the API, whatever its host and path are.
func Wants(r *http.Request) bool {
	if r.Method == http.MethodOptions {
		return strings.Contains(strings.ToLower(r.Header.Get("Access-Control-Request-Headers")), "x-amz-target")
	}
	return r.Header.Get("X-Amz-Target") != ""
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	allowBrowsers(w.Header())
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusOK)
		return
	}
	c := &Call{Context: r.Context(), RequestID: uuid.NewString(), Request: r}
	w.Header().Set("x-amzn-RequestId", c.RequestID)
	out, err := h.serve(c)
	if err != nil {
		h.refuse(w, c, err)
		return
	}
	body, err := json.Marshal(out)
	if err != nil {
		h.refuse(w, c, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Write(body)
}

func (h *Handler) serve(c *Call) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if c.Request.Method != http.MethodPost {
		return nil, UnknownOperation.Errorf("")
	}
	name, ok := strings.CutPrefix(c.Request.Header.Get("X-Amz-Target"), target)
	o, found := h.operations[name]
	if !ok || !found {
		return nil, UnknownOperation.Errorf("")
	}
	limit := int64(maxBody)
	if o.Auth == Open {
		limit = maxOpenBody
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, c.Request.Body, limit))
	if err != nil {
		return nil, Serialization.Errorf("The request could not be read.")
	}
	if err := h.identify(c, o.Auth, body); err != nil {
		return nil, err
	}
	doc, err := parse(body)
	if err != nil {
		return nil, err
	}
	return o.run(c, doc)
}

func (h *Handler) refuse(w http.ResponseWriter, c *Call, err error) {
	var e *Error
	if !errors.As(err, &e) {
		if c.Err() == nil {
			h.config.Log.Error("provider: operation failed", "operation", c.Request.Header.Get("X-Amz-Target"), "request", c.RequestID, "error", err)
		}
		e = InternalError.Errorf("Something went wrong")
		if errors.Is(err, sqldb.ErrUnavailable) {
			e = ServiceUnavailable.Errorf("The provider's database cannot be reached now.")
		}
	}
	body, _ := json.Marshal(struct {
		Type    Kind   `json:"__type"`
		Message string `json:"message,omitempty"`
		Reason  string `json:"reasonCode,omitempty"`
	}{e.Kind, e.Message, e.Reason})
	header := w.Header()
	header.Set("Content-Type", "application/x-amz-json-1.1")
	header.Set("x-amzn-ErrorType", string(e.Kind)+":")
	if e.Message != "" {
		header.Set("x-amzn-ErrorMessage", headerText(e.Message))
	}
	w.WriteHeader(e.status())
	w.Write(body)
}

// headerText keeps what a header field can carry.
func headerText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// allowBrowsers lets pages of any origin call and read the answers.
func allowBrowsers(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "POST, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "content-type, x-amz-target, x-amz-user-agent, cache-control, authorization, "+
		"amz-sdk-invocation-id, amz-sdk-request, x-amz-date, x-amz-content-sha256, x-amz-security-token")
	h.Set("Access-Control-Expose-Headers", "x-amzn-RequestId, x-amzn-ErrorType, x-amzn-ErrorMessage, Date")
	h.Set("Access-Control-Max-Age", "172800")
}

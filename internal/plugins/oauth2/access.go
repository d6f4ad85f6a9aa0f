package oauth2

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/kongoauth2"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// Fields that tell the upstream about a token.
const (
	scopeField = "X-Authenticated-Scope"
	userField  = "X-Authenticated-UserId"
)

var (
	tokenPath     = []byte("/oauth2/token")
	authorizePath = []byte("/oauth2/authorize")
)

// Access answers as the authorization server, or identifies the consumer of a token, or ends the request with 401.
func (s *server) Access(x *plugin.Exchange) error {
	path := bytes.TrimSuffix(x.Request.Path, []byte("/"))
	switch {
	case bytes.HasSuffix(path, tokenPath):
		return s.serve(x, "token", s.token)
	case bytes.HasSuffix(path, authorizePath):
		return s.serve(x, "authorization", s.authorize)
	}
	if s.Skips(x) {
		return nil
	}
	refused, err := s.authenticate(x)
	if err != nil || refused == nil {
		return err
	}
	if done, err := s.LetInAnonymous(x); done {
		return err
	}
	return x.Exit(http.StatusUnauthorized, refused.answer, "WWW-Authenticate", refused.challenge)
}

// turnedAway is why a request is not let in.
type turnedAway struct {
	answer
	challenge string
}

const badToken = "The access token is invalid or has expired" // Kong's words, here and below

func (s *server) invalid(text string) *turnedAway {
	return &turnedAway{answer{Error: "invalid_token", Description: text},
		s.Challenge() + ` error="invalid_token" error_description="` + badToken + `"`}
}

// authenticate lets a request with a good token in, or says why not.
func (s *server) authenticate(x *plugin.Exchange) (*turnedAway, error) {
	token, bare, err := s.presented(x)
	if err != nil {
		return nil, err
	}
	if len(token) == 0 {
		return &turnedAway{answer{Error: "invalid_request", Description: "The access token is missing"}, s.Challenge()}, nil
	}
	found, err := s.ledger.Find(context.Background(), kongoauth2.Tokens, "access_token", token)
	if err != nil {
		return nil, err
	}
	t, _ := found.(*kongoauth2.Token)
	switch {
	case t == nil:
		return s.invalid(badToken), nil
	case t.Service == nil && !s.GlobalCredentials:
		return s.invalid("The access token is global, but the current plugin is configured without 'global_credentials'"), nil
	case t.Service != nil && (x.Service == nil || x.Service.ID != t.Service.ID):
		return s.invalid(badToken), nil
	case over(t, s.now()):
		return s.invalid(badToken), nil
	}
	client := entity.Get[kongoauth2.Credential](s.find.Entities(), t.Credential.ID)
	if client == nil {
		return s.invalid(badToken), nil // it is gone; the token is about to be
	}
	consumer := s.find.Consumer(client.Consumer.ID)
	if consumer == nil {
		return s.invalid(badToken), nil
	}
	if bare && s.HideCredentials {
		x.Request.Header.Del(s.AuthHeaderName)
	}
	s.Accept(x, consumer, plugin.Credential{ID: client.ID, ConsumerID: consumer.ID, Identifier: client.ClientID})
	if t.Scope != "" {
		x.Request.Header.Set(scopeField, t.Scope)
	}
	if t.AuthenticatedUserID != "" {
		x.Request.Header.Set(userField, t.AuthenticatedUserID)
	}
	return nil, nil
}

// presented returns the token of a request, and hides it if so configured. bare says that it is all that its field holds; it is not
// hidden yet, for what is no token may be another plugin's.
func (s *server) presented(x *plugin.Exchange) (token []byte, bare bool, err error) {
	if value, has := x.Request.Header.Value(s.AuthHeaderName); has {
		if rest, is := bearer(value); is {
			if s.HideCredentials {
				rest = bytes.Clone(rest)
				x.Request.Header.Del(s.AuthHeaderName)
			}
			return rest, false, nil
		}
		return value, true, nil
	}
	if text, count := x.Request.Arg("access_token"); count == 1 {
		token = bytes.Clone(text)
	} else if count > 1 {
		return nil, false, nil
	}
	body, err := readBody(x)
	if err != nil {
		return nil, false, err
	}
	if body.doc != nil {
		if v, has := body.get("access_token"); has { // the body wins, as in Kong
			if v.odd {
				return nil, false, nil
			}
			token = []byte(v.text)
		}
	}
	if token != nil {
		s.Hide(x, "access_token", body.doc)
	}
	return token, false, nil
}

// bearer returns what follows the scheme Bearer, or Kong's Token, if it is one word.
func bearer(value []byte) (token []byte, ok bool) {
	value = bytes.Trim(value, " \t")
	i := bytes.IndexAny(value, " \t")
	if i < 0 || !header.EqualFold(value[:i], "bearer") && !header.EqualFold(value[:i], "token") {
		return nil, false
	}
	token = bytes.TrimLeft(value[i:], " \t")
	return token, !bytes.ContainsAny(token, " \t")
}

// isSecure reports whether the client has sent the request by HTTPS; text is said if it is not.
func (s *server) isSecure(x *plugin.Exchange) (ok bool, text string) {
	text = "You must use HTTPS"
	if x.Client.Scheme == "https" {
		return true, ""
	}
	if !s.AcceptTerminated || !x.Client.Trusted {
		return false, text
	}
	var scheme []byte
	count := 0
	for v := range x.Request.Header.Values("X-Forwarded-Proto") {
		scheme = v
		count++
	}
	if count > 1 || bytes.IndexByte(scheme, ',') >= 0 {
		return false, "Only one X-Forwarded-Proto header allowed"
	}
	return header.EqualFold(scheme, "https"), text
}

// serve runs an endpoint, which takes POST alone.
func (s *server) serve(x *plugin.Exchange, name string, endpoint func(*plugin.Exchange) error) error {
	if x.Request.Method != http.MethodPost {
		text := "The HTTP method " + x.Request.Method + " is invalid for the " + name + " endpoint"
		return x.Exit(http.StatusMethodNotAllowed, answer{Error: "invalid_method", Description: text},
			"WWW-Authenticate", s.Challenge()+` error="invalid_method" error_description="`+text+`"`)
	}
	err := endpoint(x)
	if errors.Is(err, plugin.ErrReadOnly) {
		s.log.Error("no token can be issued without a database: Kong's setting database=off gives none")
	}
	return err
}

// Package trigger calls the functions that a pool names in its LambdaConfig. Its main type is Caller. A function is reached over HTTP, by
// what its ARN is: a URL is posted to as it is; an ARN that the configuration maps to a URL is posted there; any other ARN goes to an
// endpoint that speaks Lambda's invoke API, if there is one. Event and answer have Lambda's form in all cases.
//
// The package does not know what events mean: packages auth, grant and message build them and judge the answers. It must not be called
// within a transaction, for a function may take seconds.
package trigger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
)

const (
	timeout  = 5 * time.Second // of one attempt
	attempts = 3
	maxBody  = 6 << 20
)

// Options say where functions are.
type Options struct {
	URLs     map[string]string // ARN → URL
	Endpoint string            // of Lambda's invoke API, for ARNs that are not in URLs; "" for none
	Log      *slog.Logger
	Client   *http.Client // nil for one of the Caller's own
}

// Caller calls functions. Make one with New.
type Caller struct{ Options }

// New returns a Caller.
func New(o Options) *Caller {
	if o.Client == nil {
		o.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Caller{o}
}

// Event is what a function gets.
type Event struct {
	Version       string  `json:"version"`
	TriggerSource string  `json:"triggerSource"`
	Region        string  `json:"region"`
	UserPoolID    string  `json:"userPoolId"`
	UserName      string  `json:"userName,omitempty"`
	CallerContext Context `json:"callerContext"`
	Request       any     `json:"request"`
	Response      any     `json:"response"`
}

// Context says who called the API.
type Context struct {
	SDKVersion string `json:"awsSdkVersion"`
	ClientID   string `json:"clientId"`
}

// Call calls the function arn, which is the pool's trigger of this name, and decodes its response into response, which also is the
// response that the event carries. Errors are those that the API answers with.
func (c *Caller) Call(ctx context.Context, name, arn string, e Event, response any) error {
	address, err := c.address(arn)
	if err != nil {
		return api.UnexpectedLambda.Errorf("%s invocation failed due to configuration: %s", name, err)
	}
	if e.Version == "" {
		e.Version = "1"
	}
	if e.CallerContext.SDKVersion == "" {
		e.CallerContext.SDKVersion = "aws-sdk-unknown-unknown"
	}
	if e.CallerContext.ClientID == "" {
		e.CallerContext.ClientID = "CLIENT_ID_NOT_APPLICABLE"
	}
	e.Response = response
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	var answer []byte
	for i := range attempts {
		var functionError string
		answer, functionError, err = c.post(ctx, address, body)
		if functionError != "" {
			return api.UserLambdaValidation.Errorf("%s failed with error %s.", name, functionError)
		}
		if err == nil {
			break
		}
		if c.Log != nil {
			c.Log.Warn("provider: a trigger's function did not answer", "trigger", name, "function", arn, "attempt", i+1, "error", err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return api.UnexpectedLambda.Errorf("%s invocation failed due to error %s.", name, reason(err))
	}
	var got struct {
		Response json.RawMessage `json:"response"`
	}
	if json.Unmarshal(answer, &got) != nil || len(got.Response) == 0 {
		return api.InvalidLambdaResponse.Errorf("Unrecognizable lambda output")
	}
	if string(got.Response) != "null" && json.Unmarshal(got.Response, response) != nil {
		return api.InvalidLambdaResponse.Errorf("Unrecognizable lambda output")
	}
	return nil
}

func reason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "timeout"
	}
	return "connection failure"
}

func (c *Caller) address(arn string) (string, error) {
	if u, ok := c.URLs[arn]; ok {
		return u, nil
	}
	if strings.HasPrefix(arn, "http://") || strings.HasPrefix(arn, "https://") {
		return arn, nil
	}
	if c.Endpoint == "" {
		return "", fmt.Errorf("no URL is known for %s", arn)
	}
	return strings.TrimSuffix(c.Endpoint, "/") + "/2015-03-31/functions/" + url.PathEscape(arn) + "/invocations", nil
}

// post sends the event once. functionError is what the function itself refuses with.
func (c *Caller) post(ctx context.Context, address string, body []byte) (answer []byte, functionError string, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Amz-Invocation-Type", "RequestResponse")
	w, err := c.Client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer w.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(w.Body, maxBody))
	if err != nil {
		return nil, "", err
	}
	var failure struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}
	refused := json.Unmarshal(answer, &failure) == nil && (failure.Message != "" || failure.Type != "")
	switch {
	case refused, w.Header.Get("X-Amz-Function-Error") != "":
		if failure.Message == "" {
			failure.Message = failure.Type
		}
		if failure.Message == "" {
			failure.Message = "null"
		}
		return nil, strings.TrimSuffix(failure.Message, "."), nil
	case w.StatusCode < 200 || w.StatusCode > 299:
		return nil, "", fmt.Errorf("status %d", w.StatusCode)
	}
	return answer, "", nil
}

package trigger_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/trigger"
)

const arn = "arn:aws:lambda:us-east-1:123456789012:function:hello"

type response struct {
	Answer string `json:"answer"`
}

// serve answers with a status and a body.
func serve(t *testing.T, status int, body string, calls *atomic.Int64) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		io.Copy(io.Discard, r.Body)
		if status == http.StatusAccepted { // Lambda's way to say that a function failed
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			status = http.StatusOK
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		kind   api.Kind
		text   string
		calls  int64
	}{
		{"an answer", 200, `{"response":{"answer":"yes"}}`, "", "", 1},
		{"no answer", 200, `{"response":null}`, "", "", 1},
		{"nonsense", 200, `hello`, api.InvalidLambdaResponse, "Unrecognizable lambda output", 1},
		{"no response", 200, `{}`, api.InvalidLambdaResponse, "Unrecognizable lambda output", 1},
		{"another form", 200, `{"response":{"answer":[1]}}`, api.InvalidLambdaResponse, "Unrecognizable lambda output", 1},
		{"an error", 200, `{"errorMessage":"no","errorType":"Error"}`, api.UserLambdaValidation, "PreSignUp failed with error no.", 1},
		{"an error with status", 500, `{"errorMessage":"no."}`, api.UserLambdaValidation, "PreSignUp failed with error no.", 1},
		{"a failed function", 202, `{}`, api.UserLambdaValidation, "PreSignUp failed with error null.", 1},
		{"a broken server", 502, `bad gateway`, api.UnexpectedLambda, "PreSignUp invocation failed due to error connection failure.", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			var calls atomic.Int64
			caller := trigger.New(trigger.Options{URLs: map[string]string{arn: serve(t, c.status, c.body, &calls)}})
			var got response
			err := caller.Call(t.Context(), "PreSignUp", arn, trigger.Event{}, &got)
			switch {
			case c.kind == "" && err != nil, c.kind != "" && (!c.kind.Is(err) || err.Error() != string(c.kind)+": "+c.text):
				t.Errorf("%v", err)
			case calls.Load() != c.calls:
				t.Errorf("called %d times", calls.Load())
			}
		})
	}
}

// TestEndpoint calls the way Lambda is called, and shows the event's form.
func TestEndpoint(t *testing.T) {
	var path string
	var event map[string]any
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.EscapedPath()
		json.NewDecoder(r.Body).Decode(&event)
		json.NewEncoder(w).Encode(event)
	}))
	defer server.Close()
	caller := trigger.New(trigger.Options{Endpoint: server.URL + "/"})
	var got response
	err := caller.Call(t.Context(), "PreSignUp", arn, trigger.Event{TriggerSource: "PreSignUp_SignUp", UserName: "jane", Request: map[string]any{"a": 1}}, &got)
	if err != nil || !strings.HasPrefix(path, "/2015-03-31/functions/arn:aws:lambda") || !strings.HasSuffix(path, "/invocations") {
		t.Errorf("%v %s", err, path)
	}
	if event["version"] != "1" || event["callerContext"].(map[string]any)["clientId"] != "CLIENT_ID_NOT_APPLICABLE" || event["response"] == nil {
		t.Errorf("%v", event)
	}
	none := trigger.New(trigger.Options{})
	if err := none.Call(t.Context(), "PreSignUp", arn, trigger.Event{}, &got); !api.UnexpectedLambda.Is(err) {
		t.Errorf("%v", err)
	}
}

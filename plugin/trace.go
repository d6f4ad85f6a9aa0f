package plugin

import (
	"errors"
	"sync"
	"time"
)

// Trace collects what was looked at on the way of one exchange: which check, how it went, why, and which field of a configuration
// decides. An exchange of a client has none. All methods of a nil Trace do nothing, so that code on the road of a request calls them
// without asking; only what has to be put together for a detail stands behind "if trace != nil". Details hold no tokens, passwords
// or keys. A Trace may be used by several goroutines.
type Trace struct {
	began  time.Time
	mu     sync.Mutex
	plugin string
	steps  []Step
}

// Step is one thing that was looked at.
type Step struct {
	Plugin  string        // the plugin's name
	Check   string        // what was looked at: "signature"
	Outcome StepOutcome   // how it went
	Detail  string        // why, or what was found
	Field   string        // of the plugin's configuration, which decides: "verify_signature"; "" if none does
	At      time.Duration // since the trace began

	err error
}

// StepOutcome is how a step went.
type StepOutcome string

// The outcomes of steps. A step that is Noted says something and decides nothing.
const (
	Accepted StepOutcome = "accepted"
	Refused  StepOutcome = "refused"
	Skipped  StepOutcome = "skipped"
	Noted    StepOutcome = "noted"
)

// NewTrace returns an empty trace that begins now.
func NewTrace() *Trace { return &Trace{began: time.Now()} }

// Accept records that a check was passed.
func (t *Trace) Accept(check, field, detail string) {
	if t != nil {
		t.add(Step{Check: check, Outcome: Accepted, Field: field, Detail: detail})
	}
}

// Omit records that something was not looked at.
func (t *Trace) Omit(check, field, detail string) {
	if t != nil {
		t.add(Step{Check: check, Outcome: Skipped, Field: field, Detail: detail})
	}
}

// Note records what matters and decides nothing.
func (t *Trace) Note(check, field, detail string) {
	if t != nil {
		t.add(Step{Check: check, Outcome: Noted, Field: field, Detail: detail})
	}
}

// Refuse records that a check has failed with err.
func (t *Trace) Refuse(check, field string, err error) {
	if t != nil {
		t.add(Step{Check: check, Outcome: Refused, Field: field, Detail: err.Error(), err: err})
	}
}

// Check is Refuse with an error, else Accept. An error that was recorded before is not recorded again.
func (t *Trace) Check(check, field string, err error, detail string) {
	switch {
	case t == nil:
	case err == nil:
		t.Accept(check, field, detail)
	case !t.Has(err):
		t.Refuse(check, field, err)
	}
}

// Has reports whether err, or what it wraps, was recorded as the reason of a refusal.
func (t *Trace) Has(err error) bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.steps {
		if s.err != nil && errors.Is(err, s.err) {
			return true
		}
	}
	return false
}

// Enter makes a plugin the one that further steps are of.
func (t *Trace) Enter(plugin string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.plugin = plugin
	t.mu.Unlock()
}

// Steps returns the steps so far, in their order.
func (t *Trace) Steps() []Step {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Step(nil), t.steps...)
}

func (t *Trace) add(s Step) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Plugin, s.At = t.plugin, time.Since(t.began)
	t.steps = append(t.steps, s)
}

// Package outbox shows the mails and text messages that the provider composed, for tests and for people without a mail server. Its main
// type is Box: it serves them as JSON, waits for those that are yet to come, and hands mails on to be sent. The messages themselves lie in
// the store.
package outbox

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/mail"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
)

const (
	most     = 1000 // messages in an answer
	longest  = 60 * time.Second
	settling = 250 * time.Millisecond // after which waiting looks again by itself: others write to a shared database
)

// Message is how a message is shown.
type Message struct {
	ID       string    `json:"id"`
	Pool     string    `json:"pool"`
	UserID   string    `json:"userId"`
	Username string    `json:"username"`
	Medium   string    `json:"medium"`
	To       string    `json:"to"`
	Subject  string    `json:"subject,omitempty"`
	Body     string    `json:"body"`
	Code     string    `json:"code,omitempty"`
	Kind     string    `json:"kind"`
	Created  time.Time `json:"created"`
}

// List is the answer to a question for messages.
type List struct {
	Messages []Message `json:"messages"`
}

// Box serves the outbox. Make one with New.
type Box struct {
	sender *mail.Sender // nil: nothing is sent

	mu      sync.Mutex
	fresh   chan struct{} // closed when a message was stored
	stopped chan struct{} // closed when nobody may wait any more
	once    sync.Once
}

// New returns a Box that sends mails by sender; nil leaves them where they are.
func New(sender *mail.Sender) *Box {
	return &Box{sender: sender, fresh: make(chan struct{}), stopped: make(chan struct{})}
}

// Stop ends all waiting for messages, now and later, so that it holds up no shutdown.
func (b *Box) Stop() { b.once.Do(func() { close(b.stopped) }) }

// Sent is told of each message after it is stored. It does not block.
func (b *Box) Sent(m store.Message) {
	if b.sender != nil && m.Medium == "EMAIL" {
		b.sender.Send(mail.Message{To: m.To, Subject: m.Subject, Body: m.Body})
	}
	b.mu.Lock()
	close(b.fresh)
	b.fresh = make(chan struct{})
	b.mu.Unlock()
}

func (b *Box) wake() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fresh
}

// Handler answers GET with the messages of ?pool=, ?to=, behind the id ?after=, at most ?limit=; with ?wait=30s it waits for the first.
func (b *Box) Handler(s *store.Store) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		limit, wait := 100, time.Duration(0)
		var err error
		if text := q.Get("limit"); text != "" {
			if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > most {
				http.Error(w, "limit: a number from 1 to "+strconv.Itoa(most), http.StatusBadRequest)
				return
			}
		}
		if text := q.Get("wait"); text != "" {
			if wait, err = time.ParseDuration(text); err != nil || wait < 0 || wait > longest {
				http.Error(w, "wait: a duration up to "+longest.String(), http.StatusBadRequest)
				return
			}
		}
		ctx, cancel := context.WithTimeout(r.Context(), wait)
		defer cancel()
		list := List{Messages: []Message{}}
		for {
			fresh := b.wake()
			var found []store.Message
			err := s.View(r.Context(), func(tx *store.Tx) (err error) {
				found, err = tx.Messages(q.Get("pool"), q.Get("to"), q.Get("after"), limit)
				return err
			})
			if err != nil {
				http.Error(w, "the database cannot be read: "+err.Error(), http.StatusServiceUnavailable)
				return
			}
			for _, m := range found {
				list.Messages = append(list.Messages, Message{ID: m.ID, Pool: m.PoolID, UserID: m.UserID, Username: m.Username, Medium: m.Medium, To: m.To,
					Subject: m.Subject, Body: m.Body, Code: m.Code, Kind: m.Kind, Created: m.Created})
			}
			if len(found) > 0 || !b.pause(ctx, fresh) {
				break
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		_ = e.Encode(list) // who asked is gone
	})
}

// pause waits for a message, or a little, and says whether to look again.
func (b *Box) pause(ctx context.Context, fresh <-chan struct{}) bool {
	if ctx.Err() != nil {
		return false
	}
	t := time.NewTimer(settling)
	defer t.Stop()
	select {
	case <-fresh:
		return true
	case <-t.C:
		return true
	case <-b.stopped:
		return false
	case <-ctx.Done():
		return false
	}
}

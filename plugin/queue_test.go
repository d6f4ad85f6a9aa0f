package plugin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sink takes batches.
type sink struct {
	mu      sync.Mutex
	batches [][]string
	at      []time.Duration
	begun   time.Time
	fail    func(n int) error // of the nth call
	calls   int
}

func (s *sink) send(_ context.Context, batch []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.fail != nil {
		if err := s.fail(s.calls); err != nil {
			return err
		}
	}
	s.batches, s.at = append(s.batches, batch), append(s.at, time.Since(s.begun))
	return nil
}

func (s *sink) got() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprint(s.batches)
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// elapse lets time go by in a bubble of synctest, and what is to happen then happen.
func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// queue starts a queue in a bubble of synctest. stop ends the instance that has it.
func queue(s *sink, log io.Writer, change func(c *plugin.QueueConfig)) (q *plugin.Queue[string], stop func()) {
	type config struct {
		Queue plugin.QueueConfig `json:"queue"`
	}
	var c config
	rules := schema.Of[config]()
	doc, _ := rules.Process(map[string]any{}, schema.Options{Op: schema.Create})
	if err := rules.Bind(doc, &c); err != nil {
		panic(err)
	}
	change(&c.Queue)
	ctx, cancel := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	env := plugin.Env{Log: slog.New(slog.NewTextHandler(log, nil)), Now: time.Now,
		Go: func(_ string, run func(context.Context)) { tasks.Go(func() { run(ctx) }) }}
	s.begun = time.Now()
	return plugin.NewQueue(env, "test", c.Queue, func(e string) int { return len(e) }, s.send), func() { cancel(); tasks.Wait() }
}

func TestQueueBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sink
		q, stop := queue(&s, t.Output(), func(c *plugin.QueueConfig) { c.MaxBatchSize, c.MaxCoalescingDelay = 3, 2 })
		for _, e := range []string{"a", "b", "c", "d"} {
			if err := q.Add(e); err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		if s.got() != "[[a b c]]" { // a full batch does not wait
			t.Error(s.got())
		}
		elapse(3 * time.Second)
		if s.got() != "[[a b c] [d]]" || s.at[1] != 2*time.Second {
			t.Error(s.got(), s.at)
		}
		stop()
	})
}

func TestQueueRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := errors.New("away")
		s := sink{fail: func(n int) error {
			if n <= 4 {
				return away
			}
			return nil
		}}
		q, stop := queue(&s, t.Output(), func(c *plugin.QueueConfig) { c.InitialRetryDelay, c.MaxRetryDelay = 1, 3 })
		q.Add("a")
		elapse(time.Hour)
		if s.got() != "[[a]]" || s.at[0] != (1+2+3+3)*time.Second {
			t.Error(s.got(), s.at)
		}
		stop()
		// For ever is not tried.
		var log lines
		last := sink{fail: func(int) error { return away }}
		q, stop = queue(&last, &log, func(c *plugin.QueueConfig) { c.InitialRetryDelay, c.MaxRetryTime = 1, 10 })
		q.Add("a")
		elapse(time.Hour)
		if last.calls != 4 || q.Len() != 0 || !strings.Contains(log.String(), `msg="could not send entries, giving up" queue=test lost=1 error=away`) {
			t.Error(last.calls, q.Len(), log.String())
		}
		stop()
	})
}

func TestQueueDropsTheOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		open := make(chan struct{})
		s := sink{}
		s.fail = func(n int) error {
			if n == 1 {
				<-open // the first entry is under way
			}
			return nil
		}
		ten := 10
		q, stop := queue(&s, &log, func(c *plugin.QueueConfig) { c.MaxEntries, c.MaxBytes = 3, &ten })
		q.Add("first")
		synctest.Wait()
		for _, e := range []string{"1", "2", "3", "4", "5"} {
			q.Add(e)
		}
		if q.Len() != 3 {
			t.Error(q.Len(), "entries")
		}
		if err := q.Add("12345678901"); !errors.Is(err, plugin.ErrQueueEntry) {
			t.Error(err)
		}
		q.Add("12345678") // with 5 and 4 before it: eleven bytes would be too many
		close(open)
		synctest.Wait()
		elapse(time.Minute)
		if s.got() != "[[first] [4] [5] [12345678]]" {
			t.Error(s.got())
		}
		if text := log.String(); strings.Count(text, "queue full") != 1 || !strings.Contains(text, `"queue resumed processing" queue=test dropped=3`) {
			t.Error(text)
		}
		stop()
	})
}

func TestQueueEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		s := sink{fail: func(n int) error {
			if n == 1 || n == 3 {
				return errors.New("away")
			}
			return nil
		}}
		q, stop := queue(&s, &log, func(c *plugin.QueueConfig) { c.InitialRetryDelay, c.MaxRetryTime = 1000, 5000 })
		for _, e := range []string{"a", "b", "c"} {
			q.Add(e)
		}
		elapse(time.Second)
		stop() // in the middle of the wait for the second try
		if s.got() != "[[a] [c]]" || !strings.Contains(log.String(), "lost=1") {
			t.Error(s.got(), log.String())
		}
		q.Add("late")
		if q.Len() != 0 {
			t.Error("a queue that has ended keeps entries")
		}
	})
}

func TestQueueSendsAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		s := sink{}
		var under sync.WaitGroup
		under.Add(3)
		ctx, cancel := context.WithCancel(context.Background())
		var tasks sync.WaitGroup
		env := plugin.Env{Log: slog.New(slog.DiscardHandler), Now: time.Now, Go: func(_ string, run func(context.Context)) { tasks.Go(func() { run(ctx) }) }}
		q := plugin.NewQueue(env, "test", plugin.QueueConfig{MaxBatchSize: 1, MaxEntries: 10, ConcurrencyLimit: -1}, func(string) int { return 1 },
			func(ctx context.Context, batch []string) error { under.Done(); <-open; return s.send(ctx, batch) })
		for _, e := range []string{"a", "b", "c"} {
			q.Add(e)
		}
		under.Wait() // all three are under way
		close(open)
		cancel()
		tasks.Wait()
		var all []string
		for _, b := range s.batches {
			all = append(all, b...)
		}
		if slices.Sort(all); fmt.Sprint(all) != "[a b c]" {
			t.Error(all)
		}
	})
}

func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		var tasks sync.WaitGroup
		env := plugin.Env{Go: func(_ string, run func(context.Context)) { tasks.Go(func() { run(ctx) }) }}
		n := 0
		env.Every("count", time.Minute, func(context.Context) { n++ })
		elapse(time.Hour + time.Second)
		cancel()
		tasks.Wait()
		if n != 60 || env.Sleep(ctx, time.Hour) != context.Canceled {
			t.Error(n)
		}
	})
}

func TestHTTPClient(t *testing.T) {
	var secure *httptest.Server
	secure = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hang":
			<-r.Context().Done()
		case "/end":
			io.WriteString(w, "end")
		default:
			http.Redirect(w, r, secure.URL+"/end", http.StatusFound)
		}
	}))
	defer secure.Close()
	passed := 0
	env := plugin.Env{Transport: func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) { passed++; return next.RoundTrip(r) })
	}}
	if _, err := env.HTTPClient(plugin.HTTPOptions{}).Get(secure.URL); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown authority: %v", err)
	}
	for redirects, want := range map[int]int{0: http.StatusFound, 1: http.StatusOK} {
		c := env.HTTPClient(plugin.HTTPOptions{SkipVerify: true, Redirects: redirects})
		r, err := c.Get(secure.URL)
		if err != nil || r.StatusCode != want {
			t.Fatalf("%d redirects: %v %v", redirects, r, err)
		}
		r.Body.Close()
		c.CloseIdleConnections()
	}
	if _, err := env.HTTPClient(plugin.HTTPOptions{SkipVerify: true, Timeout: 20 * time.Millisecond}).Get(secure.URL + "/hang"); err == nil {
		t.Error("no timeout")
	}
	if passed != 5 {
		t.Errorf("%d requests by Env.Transport", passed)
	}
}

type roundTrip func(r *http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

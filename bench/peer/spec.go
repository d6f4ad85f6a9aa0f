package peer

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Protocols of a Spec.
const (
	HTTP1     = "http1"
	HTTP2     = "http2"
	GRPC      = "grpc"      // calls with a message each way; needs HTTP/2
	GRPCChat  = "grpc-chat" // messages that are answered by one each, within calls that do not end
	WebSocket = "websocket" // messages that are answered by one each
)

// Spec says what is asked, how often, and over what.
type Spec struct {
	Addr     string
	TLS      bool
	Protocol string
	Fresh    bool // HTTP1 only: a new connection for each request, and a full handshake with TLS
	Conns    int  // connections; with Fresh, requests at the same time
	Streams  int  // requests at the same time on each connection; more than one needs HTTP/2
	Hosts    []string
	Paths    []string // asked in turn, as hosts are
	Fields   [][2]string
	Message  int     // bytes of a gRPC or WebSocket message
	Rate     float64 // requests a second; 0 is as many as there can be
	Seconds  float64
}

// Result is what came of it.
type Result struct {
	Requests int     // answered
	Rate     float64 // answered in a second
	P50, P99 float64 // in ms, from the time when a request was due
	Late     float64 // in ms, the 99th percentile of how much later than due requests were sent: the generator's own part, or all connections were busy
}

func (s Spec) valid() error {
	if s.Conns < 1 || s.Streams < 1 || len(s.Hosts) == 0 || len(s.Paths) == 0 {
		return fmt.Errorf("incomplete: %+v", s)
	}
	return nil
}

// Hold opens connections that have each been answered once, and keeps them idle until the function that it returns is called.
func Hold(s Spec) (release func(), err error) {
	if err := s.valid(); err != nil {
		return nil, err
	}
	return hold(s)
}

// Run asks. Any answer other than a good one is an error, as is a connection that ends.
func Run(s Spec) (Result, error) {
	if err := s.valid(); err != nil {
		return Result{}, err
	}
	run := runLoop
	if s.Fresh {
		run = runFresh
	}
	t := &tally{}
	start := time.Now()
	if err := run(s, t); err != nil {
		return Result{}, err
	}
	if len(t.took) == 0 {
		return Result{}, errors.New("no answer")
	}
	took := min(time.Since(start).Seconds(), s.Seconds)
	return Result{Requests: len(t.took), Rate: float64(len(t.took)) / took, P50: at(t.took, 50), P99: at(t.took, 99), Late: at(t.late, 99)}, nil
}

// tally collects durations.
type tally struct{ took, late []time.Duration }

// at returns a percentile in ms.
func at(v []time.Duration, percent int) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return float64(v[(len(v)-1)*percent/100]) / float64(time.Millisecond)
}

// request returns host and path of the n-th request.
func (s *Spec) request(n int) (host, path string) {
	return s.Hosts[n%len(s.Hosts)], s.Paths[n/len(s.Hosts)%len(s.Paths)]
}

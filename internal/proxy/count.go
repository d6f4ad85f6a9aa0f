package proxy

import "sync/atomic"

// Counters are numbers of the proxy since its start, and now, as Kong's /status reports them.
type Counters struct {
	Requests                          int64 // total_requests
	Accepted, Handled                 int64 // connections since the start
	Active, Reading, Writing, Waiting int64 // connections now
}

// Counters returns the present numbers.
func (p *Proxy) Counters() Counters {
	var n Counters
	for i := range p.counts.shards {
		s := &p.counts.shards[i]
		ended := s.ended.Load() // first, so that the difference is not negative
		begun := s.begun.Load()
		n.Requests += begun
		n.Writing += begun - ended
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, connections := range p.listeners {
		accepted, open := connections()
		n.Accepted += accepted
		n.Active += open
	}
	n.Handled = n.Accepted
	n.Waiting = max(n.Active-n.Writing, 0)
	return n
}

// Count makes Counters report the connections of a listener: how many it has accepted, and how many of them are open.
func (p *Proxy) Count(connections func() (accepted, open int64)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listeners = append(p.listeners, connections)
}

// counts spreads the counters over several cache lines, so that cores do not wait for each other.
type counts struct {
	next   atomic.Uint32
	shards [16]shard
}

type shard struct {
	begun, ended atomic.Int64
	_            [112]byte
}

func (c *counts) shard() *shard { return &c.shards[c.next.Add(1)%uint32(len(c.shards))] }
func (s *shard) begin()         { s.begun.Add(1) }
func (s *shard) end()           { s.ended.Add(1) }

package balance_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/balance"
)

// zone is a DNS server on UDP with a few names.
type zone struct {
	conn net.PacketConn

	mu      sync.Mutex
	records map[string][]netip.Addr // by name with final dot; a name without addresses exists and has no records
	broken  bool                    // answer SERVFAIL
	asked   int
}

func startZone(t *testing.T, records map[string][]netip.Addr) *zone {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	z := &zone{conn: conn, records: records}
	done := make(chan struct{})
	go func() {
		defer close(done)
		z.serve()
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return z
}

func (z *zone) serve() {
	buf := make([]byte, 512)
	for {
		n, from, err := z.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if reply := z.answer(buf[:n]); reply != nil {
			z.conn.WriteTo(reply, from)
		}
	}
}

// answer makes the reply to a query with one question.
func (z *zone) answer(query []byte) []byte {
	name, end := "", 12
	for end < len(query) && query[end] != 0 {
		size := int(query[end])
		if end+1+size >= len(query) {
			return nil
		}
		name += string(query[end+1:end+1+size]) + "."
		end += 1 + size
	}
	if end+5 > len(query) {
		return nil
	}
	kind := binary.BigEndian.Uint16(query[end+1:])
	z.mu.Lock()
	defer z.mu.Unlock()
	z.asked++
	addrs, known := z.records[name]
	code := byte(0)
	switch {
	case z.broken:
		code, addrs = 2, nil
	case !known:
		code = 3
	}
	reply := append([]byte(nil), query[:end+5]...)
	reply[2], reply[3] = 0x85, 0x80|code     // response, authoritative, recursion
	clear(reply[6:12])                       // no records yet; the client's OPT record is not repeated
	binary.BigEndian.PutUint16(reply[4:], 1) // question
	answers := uint16(0)
	for _, a := range addrs {
		if a.Is4() != (kind == 1) || kind != 1 && kind != 28 {
			continue
		}
		answers++
		reply = append(reply, 0xc0, 12, byte(kind>>8), byte(kind), 0, 1, 0, 0, 0, 60, 0, byte(len(a.AsSlice())))
		reply = append(reply, a.AsSlice()...)
	}
	binary.BigEndian.PutUint16(reply[6:], answers)
	return reply
}

func (z *zone) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", z.conn.LocalAddr().String())
	}}
}

func TestNamesComeFromDNS(t *testing.T) {
	z := startZone(t, map[string][]netip.Addr{
		"both.zone.test.":  {netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("10.1.0.2"), netip.MustParseAddr("2001:db8::1")},
		"six.zone.test.":   {netip.MustParseAddr("2001:db8::2")},
		"empty.zone.test.": nil,
	})
	r := newRegistry(t, balance.Config{Resolver: z.resolver()})
	if diff := cmp.Diff(map[string]int{"10.1.0.1:80": 3, "10.1.0.2:80": 3}, count(picks(t, r.Host("both.zone.test.", 80), 6))); diff != "" {
		t.Error(diff)
	}
	if got := next(t, r.Host("six.zone.test.", 80)); got != "[2001:db8::2]:80" {
		t.Error(got)
	}
	z.mu.Lock()
	asked := z.asked
	z.mu.Unlock()
	if asked != 4 {
		t.Errorf("%d queries, want A and AAAA for two names", asked)
	}
	for _, host := range []string{"empty.zone.test.", "unknown.zone.test."} {
		var p balance.Pick
		if err := r.Host(host, 80).Next(&p); !errors.Is(err, balance.ErrResolve) {
			t.Errorf("%s: %v, %v", host, p.Addr, err)
		}
	}
	z.mu.Lock()
	z.broken = true
	z.mu.Unlock()
	var p balance.Pick
	if err := r.Host("other.zone.test.", 80).Next(&p); !errors.Is(err, balance.ErrResolve) {
		t.Errorf("a broken server: %v, %v", p.Addr, err)
	}
}

// Package correlationid is the plugin correlation-id: it gives every request an id in a header, keeps one that the client
// sent, and can tell it to the client. Its main type is correlation. It does not log: the id is left for plugins that do.
package correlationid

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/plugin"
)

type config struct {
	HeaderName     string `json:"header_name" conf:"default=Kong-Request-ID" doc:"The header that holds the id."`
	Generator      string `json:"generator" conf:"required;default=uuid#counter;one_of=uuid,uuid#counter,tracker" doc:"What ids look like. 'uuid' is a new UUID each time, 'uuid#counter' one UUID per process with a counter, 'tracker' is made of the address, the process, the connection and the time."`
	EchoDownstream bool   `json:"echo_downstream" conf:"required;default=false" doc:"Whether the response gets the header, too."`
}

// Type is the plugin.
var Type = plugin.Define(plugin.Desc{
	Name:     "correlation-id",
	Priority: 100001,
	Doc:      "Gives every request an id in a header.",
}, build)

// correlation is one configuration at work.
type correlation struct {
	header   string
	generate func(c *correlation, x *plugin.Exchange, b []byte) []byte
	echo     bool
	now      func() time.Time
}

func build(c config, env plugin.Env) (any, error) {
	id := &correlation{header: c.HeaderName, generate: generators[c.Generator], echo: c.EchoDownstream, now: env.Now}
	if id.header == "" {
		id.header = "Kong-Request-ID"
	}
	return id, nil
}

// Access gives the request its id.
func (c *correlation) Access(x *plugin.Exchange) error {
	id, _ := x.Request.Header.Value(c.header)
	if len(id) == 0 {
		var buf [128]byte
		id = c.generate(c, x, buf[:0])
		x.Request.Header.SetBytes(c.header, id)
	}
	if c.echo {
		x.SetLocal(string(id))
	}
	return nil
}

// HeaderFilter tells the id to the client. A request that ended before Access gets its id here.
func (c *correlation) HeaderFilter(x *plugin.Exchange) error {
	if !c.echo {
		return nil
	}
	if id, ok := x.Local().(string); ok {
		x.Response.Header.Set(c.header, id)
		return nil
	}
	id, _ := x.Request.Header.Value(c.header)
	if len(id) == 0 {
		var buf [128]byte
		id = c.generate(c, x, buf[:0])
	}
	x.Response.Header.SetBytes(c.header, id)
	return nil
}

// process names this process in ids, and counts those that it made.
var process = struct {
	uuid  []byte
	count atomic.Uint64
}{uuid: appendUUID(nil)}

var generators = map[string]func(c *correlation, x *plugin.Exchange, b []byte) []byte{
	"uuid": func(_ *correlation, _ *plugin.Exchange, b []byte) []byte { return appendUUID(b) },
	"uuid#counter": func(_ *correlation, _ *plugin.Exchange, b []byte) []byte {
		b = append(b, process.uuid...)
		b = append(b, '#')
		return strconv.AppendUint(b, process.count.Add(1), 10)
	},
	"tracker": (*correlation).appendTracker,
}

// appendUUID appends a random UUID, version 4. It is hard to guess, but not meant as a secret.
func appendUUID(b []byte) []byte {
	var u [16]byte
	binary.LittleEndian.PutUint64(u[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(u[8:], rand.Uint64())
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	for i, part := range [][]byte{u[:4], u[4:6], u[6:8], u[8:10], u[10:]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, part)
	}
	return b
}

// appendTracker appends address-port-process-connection-requests-time. A connection is named by the port at its other end,
// and requests are those of the process.
func (c *correlation) appendTracker(x *plugin.Exchange, b []byte) []byte {
	b = x.Client.Local.Addr().AppendTo(b)
	for _, n := range []uint64{uint64(x.Client.Local.Port()), uint64(os.Getpid()), uint64(x.Client.Peer.Port()), process.count.Add(1)} {
		b = append(b, '-')
		b = strconv.AppendUint(b, n, 10)
	}
	b = append(b, '-')
	return strconv.AppendFloat(b, float64(c.now().UnixMilli())/1000, 'f', 3, 64)
}

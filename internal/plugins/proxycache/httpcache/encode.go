package httpcache

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
)

// format is the first byte of an encoded entry, and counts the changes of the form.
const format = 2

// ErrFormat is returned for bytes that are no entry, or one of another version of the program.
var ErrFormat = errors.New("httpcache: not a stored response of this version")

// Encode writes the entry as bytes, for a store that is shared.
func (e *Entry) Encode() []byte { return e.AppendTo(make([]byte, 0, len(e.Body)+1024)) }

// AppendTo appends what Encode returns.
func (e *Entry) AppendTo(b []byte) []byte {
	b = append(b, format)
	b = appendText(b, e.block[:e.textLen])
	for _, s := range []string{e.Owner, e.Route, e.ETag, e.VaryNames, e.VaryValue, e.VaryLang} {
		b = appendText(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Tags)))
	for _, t := range e.Tags {
		b = appendText(b, t)
	}
	t := &e.Terms
	flags := uint64(0)
	for i, set := range []bool{t.NoCache, t.MustRevalidate, e.HasLength, e.soft.Load(), e.Tied} {
		if set {
			flags |= 1 << i
		}
	}
	for _, n := range []int64{int64(e.uriLen), int64(e.keyLen), int64(e.hostLen), int64(e.Status), e.Received.UnixNano(), int64(e.Received.Sub(e.Asked)),
		int64(t.Age), int64(t.Lifetime), int64(t.SWR), int64(t.SIE),
		int64(t.Keep), t.LastModified, t.Date, int64(flags)} {
		b = binary.AppendVarint(b, n)
	}
	b = binary.AppendUvarint(b, uint64(e.Fields().Len()))
	for name, value := range e.Fields().All() {
		b = appendText(appendText(b, name), value)
	}
	return appendText(b, e.Body)
}

func appendText[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// decoder reads what Encode has written. After an error everything is empty.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) text() []byte {
	n := d.count()
	if d.bad || n > uint64(len(d.b)) {
		d.bad = true
		return nil
	}
	s := d.b[:n]
	d.b = d.b[n:]
	return s
}

func (d *decoder) count() uint64 {
	n, size := binary.Uvarint(d.b)
	if size <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[size:]
	return n
}

func (d *decoder) number() int64 {
	n, size := binary.Varint(d.b)
	if size <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[size:]
	return n
}

// Decode reads an entry. The body stays a part of b.
func Decode(b []byte) (*Entry, error) {
	if len(b) == 0 || b[0] != format {
		return nil, ErrFormat
	}
	d := decoder{b: b[1:]}
	request := Request{Text: d.text()}
	var owner, route string
	t := new(Traits)
	for _, s := range []*string{&owner, &route, &t.ETag, &t.VaryNames, &t.VaryValue, &t.VaryLang} {
		*s = string(d.text())
	}
	for n := d.count(); n > 0 && !d.bad; n-- {
		t.Tags = append(t.Tags, string(d.text()))
	}
	var parts [3]int64
	for i := range parts {
		parts[i] = d.number()
	}
	uri, key, host := parts[0], parts[1], parts[2]
	if size := int64(len(request.Text)); uri < 0 || key < uri || host < 0 || key > size || host > size-key {
		return nil, ErrFormat
	}
	request.URILen, request.KeyLen, request.HostLen = int(uri), int(key), int(host)
	var n [11]int64
	for i := range n {
		n[i] = d.number()
	}
	var fields header.Fields
	for n := d.count(); n > 0 && !d.bad; n-- {
		name, value := string(d.text()), string(d.text())
		fields.Add(name, value)
	}
	e := NewEntry(&request, &fields, nil, 0)
	e.Owner, e.Route, e.Traits = owner, route, t
	e.Status, e.Received = int(n[0]), time.Unix(0, n[1])
	e.Asked = e.Received.Add(-time.Duration(n[2]))
	flags := n[10]
	e.Terms = Terms{Age: time.Duration(n[3]), Lifetime: time.Duration(n[4]), SWR: time.Duration(n[5]), SIE: time.Duration(n[6]),
		Keep: time.Duration(n[7]), LastModified: n[8], Date: n[9], NoCache: flags&1 != 0, MustRevalidate: flags&2 != 0}
	e.HasLength, e.Tied = flags&4 != 0, flags&16 != 0
	e.soft.Store(flags&8 != 0)
	e.Body = slices.Clip(d.text())
	if d.bad || len(d.b) > 0 || e.Status < 200 || e.Status > 999 {
		return nil, ErrFormat
	}
	return e, nil
}

package http2

import (
	"cmp"
	"time"
)

// Limits bound what a client may send and how long it may take. Zero fields mean the defaults, which are nginx's where it has them.
type Limits struct {
	MaxConcurrentStreams uint32 // of one connection; default 128; those above are refused with REFUSED_STREAM

	Field  int   // bytes of one field's name and value, and of :path; default 8192; over it: 431, or 414
	Head   int   // bytes of all fields as SETTINGS_MAX_HEADER_LIST_SIZE counts; default 32768; over it: 431, over twice of it: the end
	Fields int   // number of fields; default 1000; over it: 431
	Body   int64 // bytes of a request body; default 0: no limit; over it: 413

	HeadTimeout time.Duration // for the preface, for one frame, and for one header block; default 60 s; over it: the end
	BodyTimeout time.Duration // between two reads of a request body; default 60 s; over it: 408
	SendTimeout time.Duration // of a write, and of a response that waits for a window; default 60 s; over it: the end of what waits
	IdleTimeout time.Duration // of a connection without a stream; default 75 s
	Linger      time.Duration // how long to read on from a client whose connection was ended; default 5 s

	Requests int // on one connection; default 10000

	// StreamWindow is how many bytes of a request body that is being read may wait in memory; default 262144, at least 65535. Of one
	// that nobody reads it is 65535.
	StreamWindow int32
	// ConnWindow is how many bytes of all request bodies of a connection may wait in memory; default 1048576, at least 65535.
	ConnWindow int32
}

func (l Limits) withDefaults() Limits {
	return Limits{
		MaxConcurrentStreams: cmp.Or(l.MaxConcurrentStreams, 128),
		Field:                cmp.Or(l.Field, 8192),
		Head:                 cmp.Or(l.Head, 32768),
		Fields:               cmp.Or(l.Fields, 1000),
		Body:                 l.Body,
		HeadTimeout:          cmp.Or(l.HeadTimeout, 60*time.Second),
		BodyTimeout:          cmp.Or(l.BodyTimeout, 60*time.Second),
		SendTimeout:          cmp.Or(l.SendTimeout, 60*time.Second),
		IdleTimeout:          cmp.Or(l.IdleTimeout, 75*time.Second),
		Linger:               cmp.Or(l.Linger, 5*time.Second),
		Requests:             cmp.Or(l.Requests, 10000),
		StreamWindow:         max(cmp.Or(l.StreamWindow, 256<<10), initialWindow),
		ConnWindow:           max(cmp.Or(l.ConnWindow, 1<<20), initialWindow),
	}
}

func (l *Limits) fields() fieldLimits {
	return fieldLimits{list: l.Head, field: l.Field, fields: l.Fields}
}

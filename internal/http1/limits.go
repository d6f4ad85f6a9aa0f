package http1

import (
	"cmp"
	"time"
)

// Limits bound what a client may send and how long it may take. Zero fields mean the defaults, which are nginx's or Kong's.
type Limits struct {
	RequestLine int   // bytes of the request line; default 8192; over it: 414
	Field       int   // bytes of one field line; default 8192; over it: 431
	Head        int   // bytes of the whole head; default 32768; over it: 431
	Fields      int   // number of fields; default 1000; over it: 431
	Body        int64 // bytes of a request body; default 0: no limit; over it: 413

	HeadTimeout time.Duration // for a whole request head; default 60 s; over it: 408
	BodyTimeout time.Duration // between two reads of a request body; default 60 s; over it: 408
	SendTimeout time.Duration // between two writes of a response; default 60 s
	IdleTimeout time.Duration // of a kept connection without a request; default 75 s
	Linger      time.Duration // how long to read on from a client that is answered but still sends; default 5 s

	Requests int // on one connection; default 10000
}

func (l Limits) withDefaults() Limits {
	return Limits{
		RequestLine: cmp.Or(l.RequestLine, 8192),
		Field:       cmp.Or(l.Field, 8192),
		Head:        cmp.Or(l.Head, 32768),
		Fields:      cmp.Or(l.Fields, 1000),
		Body:        l.Body,
		HeadTimeout: cmp.Or(l.HeadTimeout, 60*time.Second),
		BodyTimeout: cmp.Or(l.BodyTimeout, 60*time.Second),
		SendTimeout: cmp.Or(l.SendTimeout, 60*time.Second),
		IdleTimeout: cmp.Or(l.IdleTimeout, 75*time.Second),
		Linger:      cmp.Or(l.Linger, 5*time.Second),
		Requests:    cmp.Or(l.Requests, 10000),
	}
}

func (l *Limits) head() headLimits {
	return headLimits{line: l.RequestLine, field: l.Field, total: l.Head, fields: l.Fields}
}

package openidconnect

import (
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// owned are names of request fields that only this plugin may set, arranged so that one look at each field of a request finds them.
type owned struct {
	ids     header.IDSet // of names that have one
	others  []string
	lengths uint64 // bit n: a name, of either kind, has n bytes
}

func newOwned(names []string) (o owned) {
	for _, name := range names {
		if id := header.Lookup(name); id != header.Other {
			o.ids |= header.IDs(id)
		}
		o.others = append(o.others, name)
		o.lengths |= 1 << (len(name) % 64)
	}
	return o
}

// drop removes what a client sent under names that only this plugin may set, in every spelling that an upstream may take
// for the same: with "_" for "-", which CGI and many frameworks do not tell apart.
func (o *owned) drop(x *plugin.Exchange) {
	x.Request.Header.Drop(func(id header.ID, name, _ []byte) bool {
		if id != header.Other {
			return o.ids.Has(id)
		}
		if o.lengths&(1<<(len(name)%64)) == 0 {
			return false
		}
		for _, mine := range o.others {
			if sameName(mine, name) {
				return true
			}
		}
		return false
	})
}

// sameName compares field names, where case does not matter and "_" is "-".
func sameName(a string, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range b {
		if lowerDash(a[i]) != lowerDash(b[i]) {
			return false
		}
	}
	return true
}

func lowerDash(c byte) byte {
	switch {
	case c == '_':
		return '-'
	case 'A' <= c && c <= 'Z':
		return c | 0x20
	}
	return c
}

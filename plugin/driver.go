package plugin

import "github.com/gibbon-gateway/gibbon/header"

// Driver is the side of an Exchange that belongs to whoever runs it: the proxy, or plugintest. Plugins do not use it.
type Driver Exchange

// Drive returns x's driver side.
func Drive(x *Exchange) *Driver { return (*Driver)(x) }

// Begin makes the exchange a new one that is run by h. Header tables and other memory are kept.
func (d *Driver) Begin(h Host) {
	request, response, early := d.Request.Header, d.Response.Header, d.early
	asked, answered := d.Request.trailer, d.Response.trailer
	request.Reset()
	response.Reset()
	early.Reset()
	asked.Reset()
	answered.Reset()
	clear(d.locals)
	clear(d.shared)
	clear(d.filter)
	clear(d.observers)
	*d = Driver{host: h, locals: d.locals[:0], shared: d.shared, filter: d.filter[:0], observers: d.observers[:0]}
	d.Request.Header, d.Response.Header, d.early = request, response, early
	d.Request.trailer, d.Response.trailer = asked, answered
	d.Request.x = (*Exchange)(d)
}

// SetTrace makes t collect the steps of the exchange.
func (d *Driver) SetTrace(t *Trace) { d.trace = t }

// Slots gives the exchange n slots for what plugins keep with SetLocal, all empty.
func (d *Driver) Slots(n int) {
	if cap(d.locals) < n {
		d.locals = make([]any, n)
	}
	d.locals = d.locals[:n]
	clear(d.locals)
}

// Reslot gives the exchange n slots of another chain. from says which of the old slots each of them takes over, -1 for none.
func (d *Driver) Reslot(n int, from func(slot int) int) {
	old := d.locals
	d.locals = make([]any, n)
	for i := range n {
		if k := from(i); k >= 0 {
			d.locals[i] = old[k]
		}
	}
}

// Enter makes the plugin of a slot the running one.
func (d *Driver) Enter(slot int) { d.slot = slot }

// Forget empties a slot: another configuration of the plugin takes it over.
func (d *Driver) Forget(slot int) { d.locals[slot] = nil }

// Exited reports whether Exit or Error has answered the request.
func (d *Driver) Exited() bool { return d.exited }

// Resume takes back that the request was answered, so that another answer can be given.
func (d *Driver) Resume() { d.exited = false }

// StartQuery sets the query that the client sent; has says whether there was a "?".
func (d *Driver) StartQuery(query []byte, has bool) { d.Request.query, d.Request.hasQuery = query, has }

// Query returns the query to send upstream, and whether a "?" is to be sent.
func (d *Driver) Query() (query []byte, has bool) { return d.Request.query, d.Request.hasQuery }

// UpstreamPath returns what SetPath has set, or "".
func (d *Driver) UpstreamPath() string { return d.Request.upstreamPath }

// UpstreamHost returns what SetHost has set, or "".
func (d *Driver) UpstreamHost() string { return d.Request.upstreamHost }

// RequestBody returns what SetBody has set, and whether it has.
func (d *Driver) RequestBody() ([]byte, bool) { return d.Request.body, d.Request.bodySet }

// Known says that the response is known: h are the fields that the upstream sent, nil if the gateway makes the response. Fields
// that were added before stay behind them; those of a response that was known before are gone.
func (d *Driver) Known(status int, h *header.Fields) {
	r := &d.Response
	if !d.known && r.Header.Len() > 0 {
		d.early.CopyFrom(&r.Header)
	}
	d.known = true
	r.Status, r.FromUpstream, r.body, r.shared = status, h != nil, nil, false
	r.trailer.Reset()
	if h == nil {
		r.Header.CopyFrom(&d.early)
		return
	}
	r.Header.CopyFrom(h)
	if d.early.Len() > 0 {
		r.Header.Extend(&d.early)
	}
}

// Shared reports whether the response's body must not be changed.
func (d *Driver) Shared() bool { return d.Response.shared }

// Observed reports whether body observers are registered.
func (d *Driver) Observed() bool { return len(d.observers) > 0 }

// Observe shows a part of the upstream's body to the observers.
func (d *Driver) Observe(chunk []byte) {
	for i := range d.observers {
		o := &d.observers[i]
		d.slot = o.slot
		o.ObserveBody((*Exchange)(d), chunk)
	}
}

// EndObserved tells the observers how the body ended, and forgets them.
func (d *Driver) EndObserved(complete bool) {
	for len(d.observers) > 0 {
		last := len(d.observers) - 1
		o := d.observers[last]
		d.observers = d.observers[:last]
		d.slot = o.slot
		o.EndBody((*Exchange)(d), complete)
	}
}

// Filtered reports whether body filters are registered.
func (d *Driver) Filtered() bool { return len(d.filter) > 0 }

// Unfilter drops the body filters, for a response that is made because one of them failed.
func (d *Driver) Unfilter() {
	clear(d.filter)
	d.filter = d.filter[:0]
}

// Filter runs a part of the response body through the body filters.
func (d *Driver) Filter(chunk []byte, last bool) ([]byte, error) {
	var err error
	for i := range d.filter {
		f := &d.filter[i]
		d.slot = f.slot
		if chunk, err = f.FilterBody((*Exchange)(d), chunk, last); err != nil {
			return nil, err
		}
	}
	return chunk, nil
}

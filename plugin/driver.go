package plugin

// Driver is the side of an Exchange that belongs to whoever runs it: the proxy, or plugintest. Plugins do not use it.
type Driver Exchange

// Drive returns x's driver side.
func Drive(x *Exchange) *Driver { return (*Driver)(x) }

// Begin makes the exchange a new one that is run by h. Header tables and other memory are kept.
func (d *Driver) Begin(h Host) {
	request, response := d.Request.Header, d.Response.Header
	request.Reset()
	response.Reset()
	clear(d.locals)
	clear(d.shared)
	clear(d.filter)
	*d = Driver{host: h, locals: d.locals[:0], shared: d.shared, filter: d.filter[:0]}
	d.Request.Header, d.Response.Header = request, response
	d.Request.x = (*Exchange)(d)
}

// Slots gives the exchange n slots for what plugins keep with SetLocal, all empty.
func (d *Driver) Slots(n int) {
	if cap(d.locals) < n {
		d.locals = make([]any, n)
	}
	d.locals = d.locals[:n]
	clear(d.locals)
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

// Filtered reports whether body filters are registered.
func (d *Driver) Filtered() bool { return len(d.filter) > 0 }

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

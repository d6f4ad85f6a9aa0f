package plan

// Filter is one thing that is done with a request or its response: one of the fields is set. CORS and Redirect act before the
// plugins of the rule; the other filters act on the request behind them, and on the upstream's response before them.
type Filter struct {
	RequestHeader  *HeaderEdit `json:"request_header,omitempty"`
	ResponseHeader *HeaderEdit `json:"response_header,omitempty"` // only of responses that a backend has given
	Rewrite        *Rewrite    `json:"rewrite,omitempty"`
	Redirect       *Redirect   `json:"redirect,omitempty"`
	Mirror         *Mirror     `json:"mirror,omitempty"`
	CORS           *CORS       `json:"cors,omitempty"`
}

// HeaderEdit changes fields: it removes, then sets, then adds.
type HeaderEdit struct {
	Remove []string `json:"remove,omitempty"`
	Set    []Field  `json:"set,omitempty"`
	Add    []Field  `json:"add,omitempty"`
}

// Field is a header field.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// PathEdit replaces a path, or what of it the rule's path has matched. One of them is set.
type PathEdit struct {
	Full   *string `json:"full,omitempty"`
	Prefix *string `json:"prefix,omitempty"`
}

// Rewrite changes what the backend is asked for.
type Rewrite struct {
	Host string    `json:"host,omitempty"` // of the Host field; "" leaves it
	Path *PathEdit `json:"path,omitempty"` // without the query; nil leaves it. The path of the backend comes in front.
}

// Redirect answers with another place. What is not set is as in the request.
type Redirect struct {
	Scheme string    `json:"scheme,omitempty"` // http or https
	Host   string    `json:"host,omitempty"`
	Port   int       `json:"port,omitempty"` // 0: that of Scheme if that is set, else as in the request
	Path   *PathEdit `json:"path,omitempty"`
	Status int       `json:"status,omitempty"` // 301, 302, 303, 307 or 308; 0 is 302
}

// Mirror sends a copy of a request to another backend, whose answer nobody sees. It does not delay the request, and is not made when
// the body is not at hand as a whole, or too many copies are under way.
type Mirror struct {
	Backend *Backend `json:"backend"`
	// Numerator of Denominator requests are copied; a Denominator of 0 copies all.
	Numerator   int `json:"numerator,omitempty"`
	Denominator int `json:"denominator,omitempty"`
}

// CORS answers preflight requests, and sets the fields that let pages of other origins read responses, in place of the
// backend's.
type CORS struct {
	// AllowOrigins are origins, with "*" for any, or for the first labels of a host: https://*.example.com.
	AllowOrigins     []string `json:"allow_origins,omitempty"`
	AllowMethods     []string `json:"allow_methods,omitempty"` // "*" for any
	AllowHeaders     []string `json:"allow_headers,omitempty"` // "*" for any
	ExposeHeaders    []string `json:"expose_headers,omitempty"`
	AllowCredentials bool     `json:"allow_credentials,omitempty"`
	MaxAge           int      `json:"max_age,omitempty"` // seconds; 0: not sent
}

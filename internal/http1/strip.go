package http1

import "github.com/gibbon-gateway/gibbon/header"

var (
	hopFields = header.IDs(header.Connection, header.KeepAlive, header.ProxyConnection, header.TransferEncoding, header.Upgrade)

	framingFields = header.IDs(header.ContentLength, header.TransferEncoding)

	hopRequestFields = hopFields.With(header.TE, header.Expect)

	// notNamed are fields that Connection may not remove: else a client could strip what the gateway or the upstream relies on.
	notNamed = header.IDs(header.Host, header.ContentLength, header.Via, header.Forwarded, header.XForwardedFor,
		header.XForwardedProto, header.XForwardedHost, header.XForwardedPort, header.XForwardedPath, header.XForwardedPrefix,
		header.XRealIP, header.Authorization, header.ProxyAuthorization, header.APIKey, header.Cookie, header.SetCookie,
		header.XConsumerID, header.XConsumerCustomID, header.XConsumerUsername, header.XCredentialIdentifier,
		header.XAnonymousConsumer, header.CacheControl, header.ContentType, header.ContentEncoding)
)

// StripRequest removes from f what belongs to the connection: Connection and the fields it names (never Host, Content-Length,
// forwarding or authentication fields), Keep-Alive, Proxy-Connection, TE, Upgrade, Transfer-Encoding, Expect.
func StripRequest(f *header.Fields) { strip(f, hopRequestFields) }

// StripResponse is StripRequest for a response.
func StripResponse(f *header.Fields) { strip(f, hopFields) }

func strip(f *header.Fields, ids header.IDSet) {
	for id, v := range f.AllIDs() {
		if id != header.Connection {
			continue
		}
		for t, rest := nextItem(v); t != nil; t, rest = nextItem(rest) {
			switch {
			case header.EqualFold(t, "close"), header.EqualFold(t, "keep-alive"), header.EqualFold(t, "upgrade"):
			default:
				if id := header.Lookup(t); !notNamed.Has(id) {
					f.Drop(func(_ header.ID, name, _ []byte) bool { return header.EqualFold(name, t) })
				}
			}
		}
	}
	f.DelIDs(ids)
}

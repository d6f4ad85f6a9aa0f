package exchange

import "github.com/gibbon-gateway/gibbon/header"

// NotInTrailers are fields about framing, routing, authentication and content: they must be known before the body, so protocols leave
// them out of trailers, received or sent (RFC 9110, 6.5.1).
var NotInTrailers = header.IDs(header.Host, header.Connection, header.KeepAlive, header.ProxyConnection, header.TransferEncoding,
	header.ContentLength, header.TE, header.Trailer, header.Upgrade, header.Expect, header.Via, header.Forwarded,
	header.XForwardedFor, header.XForwardedProto, header.XForwardedHost, header.XForwardedPort, header.XForwardedPath,
	header.XForwardedPrefix, header.XRealIP, header.Authorization, header.ProxyAuthorization, header.ProxyAuthenticate,
	header.WWWAuthenticate, header.APIKey, header.Cookie, header.SetCookie, header.CacheControl, header.Age, header.Vary,
	header.ContentType, header.ContentEncoding, header.ContentRange, header.Range, header.Location, header.Date, header.Origin,
	header.XConsumerID, header.XConsumerCustomID, header.XConsumerUsername, header.XCredentialIdentifier,
	header.XAnonymousConsumer, header.KongDebug)

package http2

import "golang.org/x/net/http2"

// connFault is a break of the rules after which a connection cannot go on (RFC 9113, 5.4.1). Faults are fixed values, so that
// meeting one costs nothing.
type connFault struct {
	code http2.ErrCode
	text string
}

func (f *connFault) Error() string { return f.code.String() + ": " + f.text }

// streamFault is a break of the rules that concerns one stream only (RFC 9113, 5.4.2).
type streamFault struct {
	code http2.ErrCode
	text string
}

func (f *streamFault) Error() string { return f.code.String() + ": " + f.text }

// Faults of frames and header blocks, of both sides.
var (
	errFrameSize   = &connFault{http2.ErrCodeFrameSize, "frame of the wrong size"}
	errFrameLong   = &connFault{http2.ErrCodeFrameSize, "frame is longer than the setting allows"}
	errPadding     = &connFault{http2.ErrCodeProtocol, "padding is longer than the frame"}
	errZeroStream  = &connFault{http2.ErrCodeProtocol, "frame belongs to a stream"}
	errNotZero     = &connFault{http2.ErrCodeProtocol, "frame belongs to the connection"}
	errBlockOrder  = &connFault{http2.ErrCodeProtocol, "header block is interrupted"}
	errBlockLong   = &connFault{http2.ErrCodeEnhanceYourCalm, "header block is too long"}
	errHpack       = &connFault{http2.ErrCodeCompression, "header block cannot be decoded"}
	errSetting     = &connFault{http2.ErrCodeProtocol, "setting has an invalid value"}
	errWindowValue = &connFault{http2.ErrCodeFlowControl, "initial window is too large"}
	errConnWindow  = &connFault{http2.ErrCodeFlowControl, "window of the connection overflows"}
	errConnOver    = &connFault{http2.ErrCodeFlowControl, "more data than the window of the connection allows"}
	errConnZero    = &connFault{http2.ErrCodeProtocol, "window update of zero"}

	errName           = &streamFault{http2.ErrCodeProtocol, "malformed field name"}
	errValue          = &streamFault{http2.ErrCodeProtocol, "malformed field value"}
	errConnectionName = &streamFault{http2.ErrCodeProtocol, "field of HTTP/1.1 connections"}
	errPseudoOrder    = &streamFault{http2.ErrCodeProtocol, "pseudo-header field behind other fields"}
	errPseudoUnknown  = &streamFault{http2.ErrCodeProtocol, "pseudo-header field that is not known here"}
	errPseudoTwice    = &streamFault{http2.ErrCodeProtocol, "pseudo-header field stands twice"}
	errPseudoMissing  = &streamFault{http2.ErrCodeProtocol, "pseudo-header field is missing"}
	errLength         = &streamFault{http2.ErrCodeProtocol, "malformed or repeated content-length"}
	errLengthDiffers  = &streamFault{http2.ErrCodeProtocol, "data does not add up to content-length"}
	errStreamWindow   = &streamFault{http2.ErrCodeFlowControl, "window of the stream overflows"}
	errStreamOver     = &streamFault{http2.ErrCodeFlowControl, "more data than the window of the stream allows"}
	errStreamZero     = &streamFault{http2.ErrCodeProtocol, "window update of zero"}
	errSelf           = &connFault{http2.ErrCodeProtocol, "stream depends on itself"}
	errDependsOnSelf  = &streamFault{http2.ErrCodeProtocol, "stream depends on itself"}
)

// Faults of clients.
var (
	errPreface     = &connFault{http2.ErrCodeProtocol, "connection does not begin with the preface"}
	errNoSettings  = &connFault{http2.ErrCodeProtocol, "connection does not begin with SETTINGS"}
	errHeadSlow    = &connFault{http2.ErrCodeEnhanceYourCalm, "frame or header block takes too long"}
	errStreamID    = &connFault{http2.ErrCodeProtocol, "stream has a number that clients must not use"}
	errIdleStream  = &connFault{http2.ErrCodeProtocol, "frame of a stream that was not opened"}
	errPush        = &connFault{http2.ErrCodeProtocol, "clients must not push"}
	errStreamEnded = &connFault{http2.ErrCodeStreamClosed, "frame of a stream that has ended"}
	errResets      = &connFault{http2.ErrCodeEnhanceYourCalm, "too many streams are reset"}
	errFlood       = &connFault{http2.ErrCodeEnhanceYourCalm, "too many frames without use"}
	errBlockFrames = &connFault{http2.ErrCodeEnhanceYourCalm, "header block in too many frames"}

	errHalfClosed  = &streamFault{http2.ErrCodeStreamClosed, "frame behind the end of the stream"}
	errNoEnd       = &streamFault{http2.ErrCodeProtocol, "trailers do not end the stream"}
	errTooMany     = &streamFault{http2.ErrCodeRefusedStream, "too many streams"}
	errPriorityLen = &streamFault{http2.ErrCodeFrameSize, "frame of the wrong size"}
)

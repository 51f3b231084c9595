package httpparse

import "strconv"

// Kind is the reason for which input was refused. The list is closed: it can index an array of
// KindCount counters.
type Kind uint8

// The kinds, in the order in which their bytes come in a message.
const (
	_                      Kind = iota
	KindBareLF                  // LF without CR before it (RFC 9112, 2.2)
	KindBareCR                  // CR without LF after it (RFC 9112, 2.2 MUST bare-cr)
	KindControl                 // NUL or another control byte (RFC 9110, 5.5 MUST control-bytes)
	KindFold                    // white space first in a line (RFC 9112, 2.2 MUST space-first; RFC 9112, 5.2 MUST fold)
	KindRequestLine             // an empty request line, or one without its three parts (RFC 9112, 3 SHOULD request-line)
	KindMethod                  // a method that is no token, or longer than any that is registered (RFC 9110, 9.1)
	KindTarget                  // a target of none of the four forms, or not for this method (RFC 9112, 3.2)
	KindTargetTooLong           // a target beyond Limits.MaxTarget (RFC 9112, 3 MUST target-length)
	KindVersion                 // no HTTP-version where one belongs (RFC 9112, 2.3)
	KindVersionUnsupported      // a major version other than 1
	KindHeaderTooLarge          // a head beyond Limits.MaxHeader
	KindTooManyFields           // more field lines than Limits.MaxHeaderFields
	KindFieldName               // a name that is no token, or white space before its colon (RFC 9112, 5.1 MUST space-before-colon)
	KindRepeatedField           // a second line of a field that may have only one
	KindHost                    // a Host that is no uri-host with an optional port (RFC 9110, 7.2)
	KindHostMissing             // HTTP/1.1 without Host (RFC 9112, 3.2 MUST host)
	KindContentLength           // a Content-Length that is not 1 to 18 digits, or is there twice (RFC 9112, 6.3 MUST bad-length)
	KindTransferEncoding        // not chunked once and last, or HTTP/1.0 (RFC 9112, 6.3 MUST coding-without-end)
	KindTransferCoding          // a transfer coding under chunked, which is not implemented (RFC 9112, 6.1 SHOULD other-coding)
	KindLengthConflict          // Content-Length beside Transfer-Encoding (RFC 9112, 6.1 MUST length-and-coding)
	KindExpectation             // an expectation other than 100-continue (RFC 9110, 10.1.1)
	KindChunkSize               // a chunk size that is not 1 to 16 hexadecimal digits (RFC 9112, 7.1 MUST chunk-overflow)
	KindChunkExtension          // a chunk extension against its grammar or too long (RFC 9112, 7.1.1 SHOULD extensions-bound)
	KindChunkEnd                // no CRLF after the data of a chunk
	KindTrailer                 // a trailer field against the grammar (RFC 9112, 7.1.2)
	KindTrailerTooLarge         // a trailer section beyond its limits
	KindBodyTooLarge            // a body beyond its limit
	KindEscape                  // a percent sign without two hexadecimal digits (RFC 3986, 2.1)

	// KindCount is one more than the last Kind.
	KindCount = iota
)

// kinds gives each Kind its HTTP status and its words.
var kinds = [KindCount]struct {
	status int
	text   string
}{
	0:                      {500, "no fault"},
	KindBareLF:             {400, "bare LF"},
	KindBareCR:             {400, "bare CR"},
	KindControl:            {400, "control byte"},
	KindFold:               {400, "folded line"},
	KindRequestLine:        {400, "request line"},
	KindMethod:             {400, "method"},
	KindTarget:             {400, "request target"},
	KindTargetTooLong:      {414, "request target too long"},
	KindVersion:            {400, "version"},
	KindVersionUnsupported: {505, "version not supported"},
	KindHeaderTooLarge:     {431, "header too large"},
	KindTooManyFields:      {431, "too many fields"},
	KindFieldName:          {400, "field name"},
	KindRepeatedField:      {400, "repeated field"},
	KindHost:               {400, "host"},
	KindHostMissing:        {400, "host missing"},
	KindContentLength:      {400, "content length"},
	KindTransferEncoding:   {400, "transfer encoding"},
	KindTransferCoding:     {501, "transfer coding not implemented"},
	KindLengthConflict:     {400, "content length beside transfer encoding"},
	KindExpectation:        {417, "expectation"},
	KindChunkSize:          {400, "chunk size"},
	KindChunkExtension:     {400, "chunk extension"},
	KindChunkEnd:           {400, "chunk end"},
	KindTrailer:            {400, "trailer"},
	KindTrailerTooLarge:    {431, "trailer too large"},
	KindBodyTooLarge:       {413, "body too large"},
	KindEscape:             {400, "percent escape"},
}

// Status is the HTTP status with which a request of this fault is answered.
func (k Kind) Status() int { return kinds[k].status }

// String is a short English name of the fault, fit for a log line or a metric's label.
func (k Kind) String() string { return kinds[k].text }

// Error is a fault of the peer: its Kind, and the Offset in bytes, from the start of the buffer handed
// in, at which it was found.
type Error struct {
	Kind   Kind
	Offset int
}

// Error gives the kind and the offset, never bytes of the peer.
func (e Error) Error() string {
	return "httpparse: " + e.Kind.String() + " at byte " + strconv.Itoa(e.Offset)
}

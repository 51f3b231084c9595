package websocket

import (
	"bytes"
	"strconv"
)

// DeflateField answers an offer that AcceptsDeflate is true for, and no other
// (RFC 6455, 9.1 MUST extensions-offered): each message is compressed on its own,
// in both directions, so that no connection needs a window of its own.
const DeflateField = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"

// AcceptsDeflate tells whether one of the extensions that a request offers is permessage-deflate in a
// form that DeflateField answers (RFC 7692, 7.1 MUST deflate-parameters). An offer that wants a smaller window from the server,
// or has a parameter that is not known or not valid, is not.
func AcceptsDeflate(offered []byte) bool {
	return !each(offered, func(offer []byte) bool { return !acceptsOffer(offer) })
}

func acceptsOffer(offer []byte) bool {
	name, rest, more := bytes.Cut(offer, []byte(";"))
	if !bytes.EqualFold(bytes.TrimRight(name, " \t"), []byte("permessage-deflate")) {
		return false
	}
	seen := make(map[string]bool)
	for more {
		var parameter []byte
		parameter, rest, more = bytes.Cut(rest, []byte(";"))
		name, value, valued := bytes.Cut(bytes.Trim(parameter, " \t"), []byte("="))
		if seen[string(name)] || !knownParameter(string(name), string(bytes.Trim(value, `"`)), valued) {
			return false
		}
		seen[string(name)] = true
	}
	return true
}

// knownParameter tells whether a parameter leaves the server free to compress as it does. Windows have
// 2 to the power of 8 to 15 bytes.
func knownParameter(name, value string, valued bool) bool {
	switch name {
	case "server_no_context_takeover", "client_no_context_takeover":
		return !valued
	case "client_max_window_bits":
		bits, err := strconv.ParseUint(value, 10, 8)
		return !valued || err == nil && value[0] != '0' && 8 <= bits && bits <= 15
	}
	return false
}

// SplitFrame takes the first frame off frames, whole ones of the server's.
func SplitFrame(frames []byte) (head, payload, rest []byte) {
	n, size := int(frames[1]&bitsLength), shortHeader
	switch n {
	case length16:
		n, size = 0, shortHeader+2
	case length64:
		n, size = 0, shortHeader+8
	}
	for _, b := range frames[shortHeader:size] {
		n = n<<8 | int(b)
	}
	return frames[:size], frames[size : size+n], frames[size+n:]
}

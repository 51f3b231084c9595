// Proved by TestHandshakeAsksForExtensions.

package client

import (
	"strconv"

	"github.com/goccy/go-json"
)

// extensions is the ext field of the handshake: what the user wants and what the
// options do.
func (o *Options) extensions() json.RawMessage {
	var fields []byte
	if o.Acknowledge {
		fields = append(fields, `,"ack":true`...)
	}
	if o.Replay {
		fields = append(fields, `,"replay":true`...)
	}
	if fields == nil {
		return o.HandshakeExt
	}
	var own map[string]json.RawMessage
	if json.Unmarshal(o.HandshakeExt, &own) == nil {
		for name, value := range own {
			fields = append(append(fields, ','), strconv.Quote(name)...)
			fields = append(append(fields, ':'), value...)
		}
	}
	fields[0] = '{'
	return append(fields, '}')
}

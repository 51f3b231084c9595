// Proved by TestHandshakeAsksForExtensions.

package client

import (
	"strconv"

	"github.com/goccy/go-json"
)

// extensions is the ext field of the handshake: what the user wants, what the
// options do, and the token, if there is one.
func (o *Options) extensions(token string) json.RawMessage {
	var fields []byte
	if token != "" {
		fields = append(append(fields, `,"auth":`...), tokenField(token)...)
	}
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
			if token != "" && name == "auth" {
				continue
			}
			fields = append(append(fields, ','), strconv.Quote(name)...)
			fields = append(append(fields, ':'), value...)
		}
	}
	fields[0] = '{'
	return append(fields, '}')
}

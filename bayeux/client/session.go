// Proved by TestAcknowledge and TestMachineWaitsForHandlers.

package client

import (
	"strconv"
	"strings"

	"github.com/goccy/go-json"
)

// session is what the server has of the client.
type session struct {
	id           string
	offers       []string // connection types that the server has
	last         string   // the connection type of the last connect that was answered
	acknowledges bool     // the server has the acknowledge extension
	acknowledged int64    // the number of the last connect reply
	replays      bool     // the server has the replay extension
	torn         bool     // the server may count as delivered what was lost
	greeting     Advice   // of the handshake
}

// newSession is the session of a handshake reply, whose ext tells which extensions the
// server has.
func newSession(o *Options, reply Reply) *session {
	var ext struct {
		Ack    json.RawMessage `json:"ack"`
		Replay json.RawMessage `json:"replay"`
	}
	_ = json.Unmarshal(reply.Ext, &ext) // anything else grants nothing
	yes := func(v json.RawMessage) bool { return string(v) == "true" || strings.HasPrefix(string(v), "{") }
	return &session{
		id:           reply.ClientID,
		offers:       reply.SupportedConnectionTypes,
		acknowledges: o.Acknowledge && yes(ext.Ack),
		replays:      o.Replay && yes(ext.Replay),
	}
}

// connect is the next connect of the session. One may ask not to be held.
func (s *session) connect(kind string, atOnce bool) request {
	r := request{Channel: "/meta/connect", ClientID: s.id, ConnectionType: kind}
	if atOnce {
		r.Advice = `{"timeout":0}`
	}
	if s.acknowledges {
		r.Ext = strconv.AppendInt([]byte(`{"ack":`), s.acknowledged, 10)
		r.Ext = append(r.Ext, '}')
	}
	return r
}

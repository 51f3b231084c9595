package client

import (
	"strconv"
	"strings"

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

// granted notes which extensions a server has, by the ext of its handshake reply.
func (c *Client) granted(reply Reply) {
	var ext struct {
		Ack    json.RawMessage `json:"ack"`
		Replay json.RawMessage `json:"replay"`
	}
	_ = json.Unmarshal(reply.Ext, &ext) // anything else grants nothing
	yes := func(v json.RawMessage) bool { return string(v) == "true" || strings.HasPrefix(string(v), "{") }
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acknowledges, c.acknowledged = c.options.Acknowledge && yes(ext.Ack), 0
	c.replay, c.torn = c.options.Replay && yes(ext.Replay), false
}

// replays reports whether the server replays.
func (c *Client) replays() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.replay
}

// acknowledge reads the number of a connect reply: what came with it is here. The
// caller has the lock.
func (c *Client) acknowledge(m *Reply) {
	var ext struct {
		Ack number `json:"ack"`
	}
	if c.acknowledges && m.Channel == "/meta/connect" && json.Unmarshal(m.Ext, &ext) == nil && ext.Ack > 0 {
		c.acknowledged = int64(ext.Ack)
	}
}

// connectRequest is the next connect. One that comes first is not to be held. The
// caller has the lock.
func (c *Client) connectRequest(kind string, first bool) request {
	r := request{Channel: "/meta/connect", ClientID: c.session, ConnectionType: kind}
	if first {
		r.Advice = `{"timeout":0}`
	}
	if c.acknowledges {
		r.Ext = strconv.AppendInt([]byte(`{"ack":`), c.acknowledged, 10)
		r.Ext = append(r.Ext, '}')
	}
	return r
}

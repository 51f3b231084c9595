// Proved by TestMachineSubscribes and TestResumeAfterLostReply.

package client

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-json"
)

// Message is what publishers and subscribers exchange.
type Message struct {
	Channel string
	Data    json.RawMessage // one JSON value, byte for byte as it was published; nil when there is none
	Ext     json.RawMessage // extensions: the server's of a delivery, or a JSON object to publish; nil without any
	ID      int64           // its number, for Since; 0 if its channel has no history; not sent
}

// size is what the message counts with while it waits.
func (m *Message) size() int { return len(m.Data) + len(m.Channel) }

// Handler is given each message of its pattern.
type Handler func(Message)

// Reply is one message from the server: the answer to a request, or a
// delivery.
type Reply struct {
	Channel                  string          `json:"channel"`
	ID                       id              `json:"id"`
	ClientID                 string          `json:"clientId"`
	Successful               *bool           `json:"successful"`
	Error                    string          `json:"error"`
	Advice                   json.RawMessage `json:"advice"`
	Data                     json.RawMessage `json:"data"`
	Ext                      json.RawMessage `json:"ext"`
	ReplayID                 number          `json:"replayId"`
	SupportedConnectionTypes []string        `json:"supportedConnectionTypes"`
}

// isDelivery reports whether it is a delivery.
func (r *Reply) isDelivery() bool {
	return r.Successful == nil && !strings.HasPrefix(r.Channel, "/meta/")
}

// advises reports whether it has advice.
func (r *Reply) advises() bool { return len(r.Advice) > 0 && r.Advice[0] == '{' }

// delivery is the reply as a message to handlers.
func (r *Reply) delivery(replay bool) Message {
	m := Message{Channel: r.Channel, Data: r.Data, Ext: r.Ext, ID: int64(r.ReplayID)}
	if replay {
		m.ID = r.replayID()
	}
	return m
}

// replayID is the number of a delivery: beside data, or where Salesforce has it.
func (r *Reply) replayID() int64 {
	if r.ReplayID != 0 || !bytes.Contains(r.Data, []byte(`"replayId"`)) {
		return int64(r.ReplayID)
	}
	var data struct {
		Event struct {
			ReplayID number `json:"replayId"`
		} `json:"event"`
	}
	_ = json.Unmarshal(r.Data, &data) // of another form: it has none
	return int64(data.Event.ReplayID)
}

// number is an integer of the wire. What is none counts as 0.
type number int64

// UnmarshalJSON takes anything.
func (n *number) UnmarshalJSON(raw []byte) error {
	v, err := strconv.ParseInt(string(raw), 10, 64)
	if err == nil {
		*n = number(v)
	}
	return nil
}

// refusal is the reply's error, nil for a success.
func (r Reply) refusal() *BayeuxError {
	if r.Successful != nil && *r.Successful {
		return nil
	}
	return parseError(r.Error)
}

// id is the id of a reply: a string, or a number from servers that make one of
// it.
type id string

// UnmarshalJSON takes a string, a number or null.
func (i *id) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*i = id(s)
		return nil
	}
	if string(raw) != "null" {
		*i = id(raw)
	}
	return nil
}

// decode reads a response: an array of messages, or one message.
func decode(body []byte) ([]Reply, error) {
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) > 0 && body[0] == '{' {
		var r Reply
		if err := json.Unmarshal(body, &r); err != nil {
			return nil, fmt.Errorf("response is no Bayeux message: %w", err)
		}
		return []Reply{r}, nil
	}
	var replies []Reply
	if err := json.Unmarshal(body, &replies); err != nil {
		return nil, fmt.Errorf("response is no array of Bayeux messages: %w", err)
	}
	return replies, nil
}

// request is a message to the server. Its id is given when it is sent.
type request struct {
	Channel                  string
	ClientID                 string
	Version                  string
	MinimumVersion           string
	ConnectionType           string
	SupportedConnectionTypes []string
	Subscription             string
	Advice                   string // JSON
	Data                     json.RawMessage
	Ext                      json.RawMessage
}

// append writes the message with its id. It is not left to a JSON encoder
// because data must keep its bytes: encoders compact and escape them.
func (r *request) append(dst []byte, id string) []byte {
	dst = append(dst, `{"id":`...)
	dst = strconv.AppendQuote(dst, id) // decimal digits
	dst = appendField(dst, "channel", r.Channel)
	dst = appendField(dst, "clientId", r.ClientID)
	dst = appendField(dst, "version", r.Version)
	dst = appendField(dst, "minimumVersion", r.MinimumVersion)
	dst = appendField(dst, "connectionType", r.ConnectionType)
	dst = appendField(dst, "subscription", r.Subscription)
	if len(r.SupportedConnectionTypes) > 0 {
		dst = append(dst, `,"supportedConnectionTypes":[`...)
		for i, t := range r.SupportedConnectionTypes {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, t)
		}
		dst = append(dst, ']')
	}
	dst = appendRaw(dst, "advice", []byte(r.Advice))
	dst = appendRaw(dst, "data", r.Data)
	dst = appendRaw(dst, "ext", r.Ext)
	return append(dst, '}')
}

func appendField(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	return appendString(dst, value)
}

func appendRaw(dst []byte, name string, value []byte) []byte {
	if len(value) == 0 {
		return dst
	}
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	return append(dst, value...)
}

// appendString writes s as a JSON string. A Go string always has one.
func appendString(dst []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		return append(dst, `""`...)
	}
	return append(dst, quoted...)
}

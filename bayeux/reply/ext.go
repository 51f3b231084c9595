package reply

import (
	"maps"
	"slices"
	"strconv"

	"halley/bayeux/message"
)

// Ext appends the ext field of a reply to Dst, extension by extension.
type Ext struct {
	Dst  []byte
	open bool
}

// add starts the value of one extension.
func (e *Ext) add(name string) {
	start := `,"`
	if !e.open {
		start, e.open = `,"ext":{"`, true
	}
	e.Dst = append(e.Dst, start...)
	e.Dst = append(append(e.Dst, name...), `":`...)
}

// TurnOn says that the extension is on.
func (e *Ext) TurnOn(name string) {
	e.add(name)
	e.Dst = append(e.Dst, "true"...)
}

// Ack is the number of a connect reply that its client is to acknowledge.
func (e *Ext) Ack(number uint32) {
	e.add("ack")
	e.Dst = strconv.AppendUint(e.Dst, uint64(number), 10)
}

// Dropped tells how many events a client lost of each channel.
func (e *Ext) Dropped(counts map[string]uint64) {
	e.add("dropped")
	sep, dst := "{", e.Dst
	for _, channel := range slices.Sorted(maps.Keys(counts)) {
		dst = append(dst, sep...)
		dst = append(message.AppendString(dst, []byte(channel)), ':')
		dst = strconv.AppendUint(dst, counts[channel], 10)
		sep = ","
	}
	e.Dst = append(dst, '}')
}

// About is what a client may want to know of the server.
type About struct {
	MaxMessage int    // how many bytes a request may have; 0: it is not told
	Node       string // its id among servers; empty: it is not told
}

// About tells of the server. There is something to tell.
func (e *Ext) About(own About) {
	e.add("halley")
	comma := ""
	e.Dst = append(e.Dst, '{')
	if own.MaxMessage > 0 {
		e.Dst = strconv.AppendInt(append(e.Dst, `"maxMessage":`...), int64(own.MaxMessage), 10)
		comma = ","
	}
	if own.Node != "" {
		e.Dst = append(append(append(e.Dst, comma...), `"node":"`...), own.Node...)
		e.Dst = append(e.Dst, '"')
	}
	e.Dst = append(e.Dst, '}')
}

// Lasts tells for how many milliseconds what a client has proved of itself is good.
func (e *Ext) Lasts(milliseconds int64) {
	e.add("auth")
	e.Dst = append(strconv.AppendInt(append(e.Dst, `{"expiresIn":`...), milliseconds, 10), '}')
}

// Denied tells clients of Salesforce why their handshake is: they get a new token then.
func (e *Ext) Denied(reason Code) {
	e.add("sfdc")
	e.Dst = message.AppendString(append(e.Dst, `{"failureReason":`...), []byte(reason.String()))
	e.Dst = append(e.Dst, '}')
}

// End ends the field, if there is one, and returns all that was appended.
func (e *Ext) End() []byte {
	if e.open {
		e.Dst = append(e.Dst, '}')
	}
	return e.Dst
}

package rules

import (
	"halley/bayeux/event"
	"halley/bayeux/message"
)

// Keys reads the keys by which events are conflated. It remembers the last one, since
// each subscriber of an event asks for the same: to find a field, all of the event may
// have to be read.
type Keys struct {
	event event.Event // that key is of, empty if it needs no remembering
	field string      // that it was read by
	key   []byte
	data  []byte // scratch
}

// Of returns the key of e: its channel and, if field is not empty and stands in its data,
// that field's value. The key is valid until the next call. Beside it stands how many
// bytes had to be read.
func (k *Keys) Of(e event.Event, field string) (key []byte, read int) {
	if field != "" && k.event == e && k.field == field {
		return k.key, 0
	}
	k.key = append(k.key[:0], e.Channel()...)
	if k.event = ""; field == "" {
		return k.key, 0
	}
	k.event, k.field = e, field
	k.data = append(k.data[:0], e.Data()...)
	if value := message.Get(k.data, field); value != nil {
		k.key = append(append(k.key, ' '), value...)
	}
	return k.key, len(k.data)
}

// Forget lets go of the last event.
func (k *Keys) Forget() { k.event = "" }

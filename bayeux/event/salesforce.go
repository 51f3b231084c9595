package event

import (
	"strconv"
	"time"

	"halley/bayeux/message"
)

// ForSalesforce is e with its number and the time at, in milliseconds, where
// clients of Salesforce's streaming look for them: data.event.replayId and
// data.event.createdDate. The other fields of data.event stay. The number stands beside
// data too, as in Numbered, and only there if data is no object, or data.event is none.
func (e Event) ForSalesforce(id, at int64) Event {
	numbered := []byte(e.Numbered(id))
	data := message.Get(numbered, "data")
	if len(data) == 0 || data[0] != '{' {
		return Event(numbered)
	}
	fields := appendReplayFields(nil, id, at)
	old := message.Get(data, "event")
	switch {
	case old == nil:
		fields = append(append([]byte(`"event":{`), fields...), '}')
		return Event(insertFields(numbered, data, fields))
	case old[0] != '{':
		return Event(numbered)
	case message.Get(old, "replayId") == nil && message.Get(old, "createdDate") == nil:
		return Event(insertFields(numbered, old, fields))
	}
	return Event(replace(numbered, old, appendOthers(append([]byte{'{'}, fields...), old)))
}

func appendReplayFields(dst []byte, id, at int64) []byte {
	dst = append(dst, `"createdDate":"`...)
	dst = time.UnixMilli(at).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	dst = append(dst, `","replayId":`...)
	return strconv.AppendInt(dst, id, 10)
}

// appendOthers appends the fields of object that appendReplayFields does not, and
// ends the object.
func appendOthers(dst, object []byte) []byte {
	message.Each(object, func(key, value []byte) bool {
		if name := string(key); name != "replayId" && name != "createdDate" {
			dst = append(message.AppendString(append(dst, ','), key), ':')
			dst = append(dst, value...)
		}
		return true
	})
	return append(dst, '}')
}

// insertFields puts fields at the start of object, which is a part of text.
func insertFields(text, object, fields []byte) []byte {
	rest := object[1:]
	empty := true
	message.Each(object, func(_, _ []byte) bool { empty = false; return false })
	if !empty {
		fields = append(fields, ',')
	}
	return replace(text, object, append(append([]byte{'{'}, fields...), rest...))
}

// replace puts with in the place of part, which is a part of text.
func replace(text, part, with []byte) []byte {
	start := cap(text) - cap(part)
	list := make([]byte, 0, len(text)-len(part)+len(with))
	list = append(append(list, text[:start]...), with...)
	return append(list, text[start+len(part):]...)
}

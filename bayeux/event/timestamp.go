// Proved by TestForms.

package event

import "time"

// timestampForm is that of the timestamp field (Bayeux 1.0, 3.9 SHOULD timestamp), in GMT.
const timestampForm = "2006-01-02T15:04:05.00"

// AppendTimestamp appends the timestamp field of a message sent at now.
func AppendTimestamp(dst []byte, now int64) []byte {
	dst = append(dst, `,"timestamp":"`...)
	return append(time.UnixMilli(now).UTC().AppendFormat(dst, timestampForm), '"')
}

// Stamped is e with the time at, in milliseconds, when it was published.
func (e Event) Stamped(at int64) Event {
	return Event(append(AppendTimestamp([]byte(e[:len(e)-1]), at), '}'))
}

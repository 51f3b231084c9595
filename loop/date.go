package loop

import "time"

// httpDate is a time as a Date field has it, made anew once a second.
type httpDate struct {
	second int64 // since 1970
	text   []byte
}

// dateLayout is HTTP's form of a date (RFC 9110, 5.6.7 MUST date-form).
const dateLayout = "Mon, 02 Jan 2006 15:04:05 GMT"

// at is the text for a second, valid until the next call.
func (d *httpDate) at(second int64) []byte {
	if second != d.second {
		d.second = second
		d.text = time.Unix(second, 0).UTC().AppendFormat(d.text[:0], dateLayout)
	}
	return d.text
}

package wire

import "strconv"

// Payload is what the generator puts into data and looks for when it comes back.
type Payload struct {
	Planned  int64  // when the message was due: nanoseconds of the monotonic clock since the run's start
	Sequence uint32 // number of the message on its channel, from 0
	Run      uint32 // which run published it, so that left-overs of another are strays
}

// AppendPayload writes p as the JSON object {"t":…,"n":…,"r":…} with padding to
// about size bytes, or with extra (a JSON value) as the member row.
func AppendPayload(dst []byte, p Payload, size int, extra string) []byte {
	start := len(dst)
	dst = append(dst, `{"t":`...)
	dst = strconv.AppendInt(dst, p.Planned, 10)
	dst = append(dst, `,"n":`...)
	dst = strconv.AppendUint(dst, uint64(p.Sequence), 10)
	dst = append(dst, `,"r":`...)
	dst = strconv.AppendUint(dst, uint64(p.Run), 10)
	if extra != "" {
		dst = append(dst, `,"row":`...)
		dst = append(dst, extra...)
	} else if pad := size - (len(dst) - start) - len(`,"pad":""}`); pad > 0 {
		dst = append(dst, `,"pad":"`...)
		for range pad {
			dst = append(dst, '.')
		}
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

// ParsePayload reads a data span. The order of the members is free, since some
// servers parse and re-serialise it. ok is false when it is not a payload of ours.
func ParsePayload(span []byte) (p Payload, ok bool) {
	c := cursor{buf: span}
	found := 0
	err := c.members(0, func(key, value []byte) {
		if len(key) != 1 {
			return
		}
		n, valid := integer(value)
		if !valid || n < 0 {
			return
		}
		switch key[0] {
		case 't':
			p.Planned = n
			found |= 1
		case 'n':
			p.Sequence = uint32(n)
			found |= 2
		case 'r':
			p.Run = uint32(n)
			found |= 4
		}
	})
	return p, err == nil && found == 7
}

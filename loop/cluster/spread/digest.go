// Proved by TestForms, TestDigests and TestCut.

package spread

import "encoding/binary"

// digest says which channels have which last number, of those whose last one is above from and up to to: a channel that is not
// among these has none in between. So whoever knows all up to from, and compares, knows all up to to.
type digest struct {
	number   uint64 // the greatest number that was given
	from, to uint64
	age      uint64 // milliseconds that its origin has lived
	flags    uint64
	list     []lastOf
}

// The flags of a digest.
const (
	flagAgain  uint64 = 1 << iota // it answers an ask: what is missing before it nobody has any more
	flagLeaves                    // it is the last one: its origin leaves
)

func (d *digest) has(flag uint64) bool { return d.flags&flag != 0 }

func (d *digest) append(dst []byte) []byte {
	for _, n := range [...]uint64{d.number, d.from, d.to, d.age, d.flags, uint64(len(d.list))} {
		dst = binary.AppendUvarint(dst, n)
	}
	for _, l := range d.list {
		dst = binary.AppendUvarint(appendText(dst, l.channel), l.number-d.from)
	}
	return dst
}

// parseDigest reads what follows the head of a digest. The names are copies.
func parseDigest(data []byte) (d digest, err error) {
	r := reader{data, nil}
	d = digest{number: r.uint(), from: r.uint(), to: r.uint(), age: r.uint(), flags: r.uint()}
	n := r.uint()
	if r.err != nil || n > uint64(len(r.rest)) || d.from > d.to || d.to > d.number {
		return d, errMalformed
	}
	d.list = make([]lastOf, 0, n)
	for range n {
		l := lastOf{string(r.text()), d.from + r.uint()}
		if r.err != nil || l.number > d.to || l.number <= d.from || l.channel == "" || l.channel[0] != '/' {
			return d, errMalformed
		}
		d.list = append(d.list, l)
	}
	return d, nil
}

// kept are the digests that this node has sent last, for those who have missed some.
type kept struct {
	list  []keptDigest
	bytes int
}

type keptDigest struct {
	to   uint64
	data []byte // the message without its head
}

// The most that is kept. Digests come twice a second.
const (
	mostKept      = 64
	mostKeptBytes = 4 << 20
)

func (k *kept) add(to uint64, data []byte) {
	k.list = append(k.list, keptDigest{to, data})
	k.bytes += len(data)
	for len(k.list) > mostKept || k.bytes > mostKeptBytes && len(k.list) > 1 {
		k.bytes -= len(k.list[0].data)
		k.list = k.list[1:]
	}
}

// after are those that reach further than a number.
func (k *kept) after(number uint64) (list []keptDigest) {
	for _, d := range k.list {
		if d.to > number {
			list = append(list, d)
		}
	}
	return list
}

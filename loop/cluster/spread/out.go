// Proved by TestOffer and TestDigests.

package spread

import (
	"sync"
	"time"

	"halley/bayeux/event"
	"halley/loop/cluster/subject"
	"halley/loop/cluster/wire"
)

// out is what goes from this node to others.
type out struct {
	wire   wire.Wire
	space  subject.Space
	me     Origin
	began  time.Time
	counts *counts

	mu      sync.Mutex // held from the number of a message on until it stands in line
	number  uint64     // that was given last
	earlier uint64     // that was given last when the last digest was made
	recent  *recent
	kept    kept
	left    bool
}

// mostChannels is of how many channels the last number is kept: as many as fall silent in two seconds of the busiest node, at 100
// bytes and the name each.
const mostChannels = 1 << 16

func newOut(w wire.Wire, space subject.Space, me Origin, c *counts, now time.Time) *out {
	return &out{wire: w, space: space, me: me, counts: c, began: now, recent: newRecent(mostChannels)}
}

// offer has an event go to the nodes that are interested, by one message of the wire.
func (o *out) offer(e event.Event) {
	name := e.Channel()
	if isOwn(name) {
		return
	}
	data := appendHead(make([]byte, 0, mostHead+len(e)), kindEvent, o.me)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.number++
	to, before := o.recent.use(name, o.number, o.space.Channel)
	n := numbered{o.number, before, e}
	if !o.wire.Send(wire.Message{Subject: to, Data: n.append(data)}) {
		o.counts.outDropped.Add(1) // who wants it finds that out by its number
		return
	}
	o.counts.out.Add(1)
}

// congested tells whether more waits to go than should: what was admitted before that has the other half of the room.
func (o *out) congested() bool {
	waiting, most := o.wire.Waiting()
	return waiting > most/2
}

// The most of a digest: of one message, and of all that go at once.
const (
	digestBytes    = 48 << 10
	digestChannels = 1 << 14
)

// beat says to all what has fallen silent: the last numbers of channels without a message since the beat before. Whoever has these
// of the others, whose next messages tell it, knows of each message that is missing.
func (o *out) beat(now time.Time) {
	o.mu.Lock()
	upto := o.earlier
	o.earlier = o.number
	o.mu.Unlock()
	for left := digestChannels; left > 0; {
		n, done := o.say(upto, left, now, 0)
		if left -= max(1, n); done {
			return
		}
	}
}

// leave says all that there is to say, since this node leaves.
func (o *out) leave(now time.Time) {
	o.mu.Lock()
	left, upto := o.left, o.number
	o.left = true
	o.mu.Unlock()
	if left {
		return
	}
	for done := false; !done; {
		_, done = o.say(upto, digestChannels, now, 0)
	}
	o.say(upto, digestChannels, now, flagLeaves)
}

// say makes a digest up to a number, as far as it has room: of n channels at most. Nothing can be published meanwhile, so it is
// short.
func (o *out) say(upto uint64, most int, now time.Time, flags uint64) (n int, done bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d := digest{number: o.number, age: uint64(max(0, now.Sub(o.began).Milliseconds())), flags: flags}
	d.list, d.from, d.to = o.recent.say(upto, most, min(digestBytes, o.wire.Most()/2))
	data := d.append(nil)
	if d.from != d.to {
		o.kept.add(d.to, data)
	}
	o.toAll(kindDigest, data)
	return len(d.list), d.to >= upto
}

// again answers an ask.
func (o *out) again(to uint16, after uint64) {
	o.mu.Lock()
	list := o.kept.after(after)
	o.mu.Unlock()
	for _, k := range list {
		if d, err := parseDigest(k.data); err == nil {
			d.flags |= flagAgain
			o.toOne(to, kindDigest, d.append(nil))
		}
	}
}

// probe has all nodes answer, or one of them, up to which number their messages need not have come to some subscriptions.
func (o *out) probe(first, last uint64, to ...uint16) {
	data := uints(first, last)
	if len(to) == 0 {
		o.toAll(kindProbe, data)
	}
	for _, node := range to {
		o.toOne(node, kindProbe, data)
	}
}

// answer answers a probe.
func (o *out) answer(to uint16, first, last uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.toOne(to, kindAnswer, uints(first, last, o.number))
}

// ask has a node say again what is above a number.
func (o *out) ask(to uint16, after uint64) { o.toOne(to, kindAsk, uints(after)) }

func (o *out) toAll(k kind, data []byte) { o.send(o.space.Digests(), k, data) }

func (o *out) toOne(node uint16, k kind, data []byte) { o.send(o.space.DigestsOf(node), k, data) }

// send sends what is not an event. If it cannot go, it is asked for again or said the next time.
func (o *out) send(to string, k kind, data []byte) {
	head := appendHead(make([]byte, 0, headLength+len(data)), k, o.me)
	o.wire.Send(wire.Message{Subject: to, Data: append(head, data...)})
}

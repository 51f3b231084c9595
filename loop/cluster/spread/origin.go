package spread

import (
	"math"
	"strings"
)

// origin is what is known here of what another node has published.
type origin struct {
	seen    uint64            // the greatest number of a message that came
	checked uint64            // up to here whatever is missing was found, and told
	got     map[string]uint64 // the last number that came, by channel, of those above checked
	answers []answer          // to probes, whose number is above checked
	settled uint64            // batches of subscriptions up to this count from before checked
	probed  int64             // when it was sent the last probe of its own
	asked   int64             // when digests that are missing were asked for; 0: none are
	heard   int64             // when anything came from it
	early   map[string]uint64 // the numbers of messages that are missing, by channel, if they had to come at all
	crowded bool              // these are not all
	met     bool              // a digest has come
	age     int64             // as the last digest says
	gone    bool
	left    bool // it has said that it leaves, and all that it published before was checked
}

// answer says that what an origin has published above a number comes to the subscriptions up to a batch.
type answer struct{ batch, number uint64 }

// mostGot bounds the channels of got. An origin says the last numbers of 16,384 channels in half a second, so these are of two
// seconds at the least.
const mostGot = 1 << 16

func newOrigin() *origin { return &origin{got: make(map[string]uint64)} }

// arrival is what a message means that came.
type arrival byte

const (
	isNew arrival = iota
	isCopy
	isBehindGap // it is new, and one of its channel before it is missing
)

// take notes a message. Since tells from which number on the origin's messages on its channel have to come.
func (o *origin) take(name string, n *numbered, since func(string) uint64) arrival {
	if n.number <= o.seen {
		return isCopy
	}
	o.seen, o.left = n.number, false
	last, known := o.got[name]
	if known {
		o.got[name] = n.number
	} else {
		o.got[strings.Clone(name)] = n.number // the event itself is not kept
	}
	if n.previous.number <= max(last, o.checked) {
		return isNew
	}
	from := since(name)
	if n.previous.number > from {
		return isBehindGap
	}
	if !o.met || from == never {
		o.before(name, n.previous.number)
	}
	return isNew
}

// before notes a message that is missing. Whether it had to come at all is not known yet.
func (o *origin) before(name string, number uint64) {
	if o.early == nil {
		o.early = make(map[string]uint64)
	}
	if _, known := o.early[name]; known || len(o.early) < mostEarly {
		o.early[strings.Clone(name)] = number
	} else {
		o.crowded = true
	}
}

// mostEarly bounds early. What it waits for comes within half a second.
const mostEarly = 1 << 14

// review looks at what is missing again, when more is known of what had to come. It is over when nothing more will be.
func (o *origin) review(over bool, since func(string) uint64, missing func(channel string)) {
	for name, number := range o.early {
		from := since(name)
		if number > from {
			missing(name)
		}
		if over || o.met && from != never || number > from {
			delete(o.early, name)
		}
	}
	if over && o.crowded {
		missing(all)
		o.crowded = false
	}
}

// owes tells whether any message up to a number had to come.
func (o *origin) owes(upto uint64) bool {
	return o.settled > 0 || len(o.answers) > 0 && o.answers[0].number < upto
}

// full tells whether more channels are noted than may be. Then overflow has the origin begin anew.
func (o *origin) full() bool { return len(o.got) > mostGot }

// overflow takes all up to the last message for checked, which it is not.
func (o *origin) overflow() {
	o.checked = max(o.checked, o.seen)
	clear(o.got)
	o.settle()
}

// check compares with a digest that follows what is checked. Missing is called for each channel with a message that has not come.
func (o *origin) check(d *digest, since func(string) uint64, missing func(channel string)) {
	for _, l := range d.list {
		if l.number > o.checked && l.number > o.got[l.channel] && l.number > since(l.channel) {
			missing(l.channel)
		}
	}
	o.advance(d.to)
}

// advance notes that all up to a number is checked.
func (o *origin) advance(to uint64) {
	if to <= o.checked {
		return
	}
	o.checked = to
	for name, last := range o.got {
		if last <= to {
			delete(o.got, name)
		}
	}
	o.settle()
}

// settle forgets the answers that checked has passed.
func (o *origin) settle() {
	for len(o.answers) > 0 && o.answers[0].number <= o.checked {
		o.settled = max(o.settled, o.answers[0].batch)
		o.answers = o.answers[1:]
	}
}

// answered notes the answer to a probe.
func (o *origin) answered(a answer) {
	if a.batch <= o.batch() {
		return
	}
	if n := len(o.answers); n >= mostAnswers {
		o.answers[n-1] = a
	} else {
		o.answers = append(o.answers, a)
	}
	o.settle()
}

// mostAnswers bounds the answers above checked. Beyond, the last one stands for the one before it, too.
const mostAnswers = 1024

// batch is the last one that it has answered.
func (o *origin) batch() uint64 {
	if n := len(o.answers); n > 0 {
		return o.answers[n-1].batch
	}
	return o.settled
}

// never is the number from which on messages have to come that need not come at all.
const never = math.MaxUint64

// since is the number above which messages have to come to a subscription of a batch.
func (o *origin) since(batch uint64) uint64 {
	if batch <= o.settled {
		return 0
	}
	for _, a := range o.answers {
		if batch <= a.batch {
			return a.number
		}
	}
	return never
}

// Proved by TestDigests, TestFirstMessage and TestSpreadAgainstModel.

package spread

import (
	"time"

	"halley/loop/cluster/wire"
)

// message takes what is not an event.
func (i *in) message(m *wire.Message) {
	k, from, rest, err := parseHead(m.Data)
	if err != nil {
		i.counts.malformed.Add(1)
		return
	}
	if from == i.me {
		return
	}
	r := reader{rest, nil}
	switch k {
	case kindDigest:
		var d digest
		if d, err = parseDigest(rest); err == nil {
			i.digest(from, &d)
			i.awaited.settle(i) // it may leave
		}
	case kindProbe:
		if first, last := r.uint(), r.uint(); r.err == nil {
			i.out.answer(from.Node, first, last)
		}
	case kindAnswer:
		if first, a := r.uint(), (answer{r.uint(), r.uint()}); r.err == nil {
			i.answered(from, first, a)
			i.awaited.settle(i)
		}
	case kindAsk:
		if after := r.uint(); r.err == nil {
			i.out.again(from.Node, after)
		}
	case kindWant:
		if w := (wantedPage{node: from.Node, request: r.uint(), from: int64(r.uint())}); r.err == nil {
			i.pages.want(w)
		}
	case kindLast:
		w := wantedPage{node: from.Node}
		if w.names, err = parseNames(rest); err == nil {
			i.pages.want(w)
		}
	case kindPage:
		var p page
		if p, err = parsePage(rest); err == nil && p.request == 0 {
			i.healed(&p)
		} else if err == nil {
			select {
			case i.arrived <- p:
			default: // nobody waits for it
			}
		}
	default:
		err = errMalformed
	}
	if err != nil || r.err != nil {
		i.counts.malformed.Add(1)
	}
}

// The patience with others, in milliseconds.
const (
	askPatience   = 2000 // for digests that were asked for
	probePatience = 400  // before a node is probed once more
	startSlack    = 50   // by which a node may have begun before it seems so
)

// digest takes a digest.
func (i *in) digest(from Origin, d *digest) {
	i.mu.Lock()
	defer i.mu.Unlock()
	o := i.origin(from)
	o.gone, o.age = false, int64(d.age)
	i.meet(o, d)
	if !o.owes(d.from) {
		o.advance(d.from)
	}
	switch {
	case d.from <= o.checked:
	case !d.has(flagAgain) && (o.asked == 0 || o.heard-o.asked < askPatience):
		if o.asked == 0 {
			o.asked = o.heard
			i.counts.asked.Add(1)
			i.out.ask(from.Node, o.checked)
		}
		return // it comes again
	default: // nobody knows what is missing
		i.gaps.add(all)
		o.advance(d.from)
	}
	o.asked = 0
	o.check(d, i.sinceOf(o), func(name string) { i.missed(from, name) })
	i.askHeals()
	if o.left = d.has(flagLeaves) && d.to == d.number; o.left { // it answers no more
		i.wants.patternsOf(o.batch(), never, i.gaps.add)
	}
	i.probe(from, o)
}

// meet notes from the first digest of a node which subscriptions are older than it: these have to get all that it publishes.
func (i *in) meet(o *origin, d *digest) {
	if o.met {
		return
	}
	o.met = true
	if batch := i.wants.before(i.now().Add(-time.Duration(d.age+startSlack) * time.Millisecond)); batch > o.batch() {
		o.settled = batch
		o.answers = nil
	}
	i.review(o)
}

// review looks again at what is missing.
func (i *in) review(o *origin) {
	o.review(o.met && o.batch() == i.wants.last(), i.sinceOf(o), i.gaps.add)
}

// probe probes a node that has not answered for some subscriptions.
func (i *in) probe(from Origin, o *origin) {
	first, last := o.batch()+1, i.wants.last()
	if first <= last && o.heard-o.probed >= probePatience && !o.left {
		o.probed = o.heard
		i.out.probe(first, last, from.Node)
	}
}

// answered takes the answer to a probe for the subscriptions from a batch on. Clients that wait for it wait no longer than their
// patience has been: if it comes later, they may not have got what was published meanwhile.
func (i *in) answered(from Origin, first uint64, a answer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	o := i.origin(from)
	before := o.batch()
	if a.batch <= before || first > before+1 {
		return // it is known, or those before it are not
	}
	if a.number > 0 && i.now().Sub(i.wants.begunAt(before+1)) > patience {
		i.wants.patternsOf(before, a.batch, i.gaps.add)
	}
	o.answered(a)
	i.review(o)
}

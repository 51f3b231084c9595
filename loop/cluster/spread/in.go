// Proved by TestTwoNodes, TestGone and TestFiltered.

package spread

import (
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"halley/bayeux/event"
	"halley/loop/cluster/wire"
	"halley/loop/sequence"
)

// in is what comes to this node from others. The wire calls it from one goroutine.
type in struct {
	me     Origin
	out    *out
	wants  *wants
	inbox  *inbox
	gaps   *gaps
	pages  *pages
	counts *counts
	now    func() time.Time

	awaited awaited
	arrived chan page                      // of the snapshots of another node
	local   atomic.Pointer[sequence.Local] // the order of this node; nil before Log

	mu      sync.Mutex // guards what follows
	origins map[Origin]*origin
	mourned []mourning       // in their order
	swept   int64            // when sweep was called last, in milliseconds
	awake   int64            // when this node may have stood still, until then
	heals   map[string]*heal // by channel
}

// event takes a message to a channel. With the subscription of a bucket come those that nobody wants, too.
func (i *in) event(m *wire.Message, bucket bool) {
	k, from, rest, err := parseHead(m.Data)
	if err == nil && k != kindEvent {
		err = errMalformed
	}
	var n numbered
	if err == nil {
		n, err = parseNumbered(rest)
	}
	if err != nil {
		i.counts.malformed.Add(1)
		return
	}
	name := n.event.Channel()
	switch {
	case from == i.me:
	case bucket && i.wants.since(name, nil) == never:
		i.counts.others.Add(1)
	case !i.inbox.takes(len(n.event)): // it is as if it had not come
		i.counts.overflowed.Add(1)
	default:
		i.take(from, name, &n)
	}
}

// take takes an event that somebody wants.
func (i *in) take(from Origin, name string, n *numbered) {
	i.mu.Lock()
	defer i.mu.Unlock()
	o := i.origin(from)
	switch o.take(name, n, i.sinceOf(o)) {
	case isCopy:
		i.counts.copies.Add(1)
		return
	case isBehindGap:
		i.gaps.add(name)
	}
	if len(i.heals) > 0 {
		delete(i.heals, name)
	}
	i.counts.in.Add(1)
	i.inbox.add(event.Event(strings.Clone(string(n.event))))
	if o.full() {
		o.overflow()
		i.gaps.add(all)
	}
}

// sinceOf returns the function that tells from which number of an origin on messages of a channel have to come.
func (i *in) sinceOf(o *origin) func(name string) uint64 {
	return func(name string) uint64 { return i.wants.since(name, o) }
}

// mostOrigins bounds how many nodes are known, those that are gone included.
const mostOrigins = 1024

// origin finds what is known of a node.
func (i *in) origin(from Origin) *origin {
	o := i.origins[from]
	if o == nil {
		if len(i.origins) >= mostOrigins {
			i.forgetOldest()
		}
		o = newOrigin()
		i.origins[from] = o
		i.counts.origins.Store(int64(len(i.origins)))
	}
	o.heard = i.now().UnixMilli()
	return o
}

// forgetOldest forgets the node that was heard of the longest ago.
func (i *in) forgetOldest() {
	oldest, at := Origin{}, int64(math.MaxInt64)
	for from, o := range i.origins {
		if o.heard < at {
			oldest, at = from, o.heard
		}
	}
	i.forget(i.origins[oldest])
	delete(i.origins, oldest)
}

// knows tells whether all nodes know that messages of some patterns are wanted here.
func (i *in) knows(patterns []string) bool {
	batch, subscribed := i.wants.batchOf(patterns)
	return subscribed && batch <= i.known()
}

// known is the last batch of subscriptions that all nodes know of.
func (i *in) known() uint64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	least := uint64(never)
	for _, o := range i.origins {
		if !o.gone && !o.left {
			least = min(least, o.batch())
		}
	}
	return least
}

// lose has all be told, since a node is gone which may have published what has not come.
func (i *in) lose(o *origin) {
	o.gone = true
	if !o.left && (!o.met || o.owes(never) || o.batch() < i.wants.last()) {
		i.loseAll()
	}
}

// forget is lose of a node of which that may be known.
func (i *in) forget(o *origin) {
	if !o.gone {
		i.lose(o)
	}
}

// loseAll has all be told, if anybody wants anything.
func (i *in) loseAll() {
	if i.wants.last() > 0 {
		i.gaps.add(all)
	}
}

// mourning is a node that is gone since a time, in milliseconds.
type mourning struct {
	node uint16
	at   int64
}

// A node that is gone may be there all the same: it was this one that stood still, or a link was cut for a moment. Then its digests
// tell what is missing. One that leaves in order says so with its last digest, which may come a little after the news.
const (
	mournAfter  = 2000  // milliseconds until all are told of a node that is gone, unless it is heard of
	silentAfter = 10000 // milliseconds until all are told of a node that is silent, though nobody says that it is gone
	mostMourned = 1024
)

// gone notes that a node is gone.
func (i *in) gone(node uint16) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.now().UnixMilli()
	for from, o := range i.origins {
		o.gone = o.gone || from.Node == node
	}
	if len(i.mourned) >= mostMourned {
		i.lost(node, now)
		return
	}
	i.mourned = append(i.mourned, mourning{node, now})
}

// lost has all be told of a node that is gone since a time, unless it has left in order, or was heard of since.
func (i *in) lost(node uint16, at int64) {
	known := false
	for from, o := range i.origins {
		if from.Node != node {
			continue
		}
		if known = true; o.heard <= at {
			i.lose(o)
		}
	}
	if !known { // all that it has published may be lost
		i.loseAll()
	}
}

// mourn looks at who is gone, or silent. If this node itself has stood still, it hears the others first.
func (i *in) mourn(now int64) {
	if now-i.swept > mournAfter {
		i.awake = now
	}
	if i.swept = now; now-i.awake < mournAfter {
		return
	}
	for len(i.mourned) > 0 && now-i.mourned[0].at >= mournAfter {
		i.lost(i.mourned[0].node, i.mourned[0].at)
		i.mourned = i.mourned[1:]
	}
	for _, o := range i.origins {
		if now-o.heard > silentAfter {
			i.forget(o)
		}
	}
}

// goneAfter is how long a node that is gone is remembered. One that comes back then is a new one.
const goneAfter = int64(10 * time.Minute / time.Millisecond)

// sweep has all be told of nodes that are gone, and forgets those that were gone long ago.
func (i *in) sweep() {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.now().UnixMilli()
	i.mourn(now)
	i.askHeals()
	for from, o := range i.origins {
		if now-o.heard > goneAfter {
			i.forget(o)
			delete(i.origins, from)
		}
	}
	i.counts.origins.Store(int64(len(i.origins)))
}

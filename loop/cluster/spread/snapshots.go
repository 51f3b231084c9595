// Proved by TestPages and TestJoin.

package spread

import (
	"context"
	"encoding/binary"
	"sync"

	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/loop/sequence"
)

// page is a part of a node's snapshots: of channels that give new subscribers their last event.
type page struct {
	request uint64 // that it answers
	next    int64  // where the next one goes on
	more    bool
	entries []history.Entry
}

// The most of a page: entries that are looked at, and bytes of their events, but for one.
const (
	pageEntries = 1000
	pageBytes   = 128 << 10
)

func (p *page) append(dst []byte) []byte {
	more := uint64(0)
	if p.more {
		more = 1
	}
	dst = append(dst, uints(p.request, uint64(p.next), more, uint64(len(p.entries)))...)
	for _, e := range p.entries {
		dst = appendText(binary.AppendUvarint(dst, uint64(e.At)), e.Event)
	}
	return dst
}

// parsePage reads what follows the head of a page.
func parsePage(data []byte) (p page, err error) {
	r := reader{data, nil}
	p = page{request: r.uint(), next: int64(r.uint()), more: r.uint() == 1}
	n := r.uint()
	if r.err != nil || n > uint64(len(r.rest)) {
		return p, errMalformed
	}
	for range n {
		at, e := int64(r.uint()), event.Event(r.text())
		if r.err != nil || !e.Valid() {
			return p, errMalformed
		}
		p.entries = append(p.entries, history.Entry{At: at, Channel: e.Channel(), Event: string(e)})
	}
	return p, nil
}

// pageOf makes the page that begins behind a place.
func pageOf(l *sequence.Local, request uint64, from int64) (p page) {
	p.request = request
	p.entries, p.next, p.more = l.Snapshots(from, pageEntries)
	bytes := 0
	for i, e := range p.entries {
		if bytes += len(e.Event); bytes > pageBytes && i > 0 {
			p.entries, p.next, p.more = p.entries[:i], p.entries[i-1].ID, true
			break
		}
	}
	return p
}

// lastOnes are the last events of some channels, as many as fit.
func lastOnes(l *sequence.Local, names []string) (list []history.Entry) {
	bytes := 0
	for _, name := range names {
		e, kept := l.Last(name)
		if bytes += len(e.Event); bytes > pageBytes && len(list) > 0 {
			break
		}
		if kept {
			list = append(list, e)
		}
	}
	return list
}

// pages are what other nodes want of this one's snapshots, until a goroutine answers: the wire's own must not wait for the order of
// events.
type pages struct {
	soon chan struct{} // has one entry when there is something

	mu    sync.Mutex
	wants []wantedPage
}

type wantedPage struct {
	node    uint16
	request uint64
	from    int64
	names   []string // of channels; nil: of all behind from
}

// mostPages is how many pages may be wanted at once. Who gets none asks again.
const mostPages = 64

func newPages() *pages { return &pages{soon: make(chan struct{}, 1)} }

func (p *pages) want(w wantedPage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.wants) < mostPages {
		p.wants = append(p.wants, w)
	}
	select {
	case p.soon <- struct{}{}:
	default:
	}
}

func (p *pages) take() (list []wantedPage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list, p.wants = p.wants, nil
	return list
}

// servePages answers who wants snapshots.
func (s *Spread) servePages() {
	local := s.in.local.Load()
	if local == nil {
		return
	}
	for _, w := range s.in.pages.take() {
		p := page{entries: lastOnes(local, w.names)}
		if w.names == nil {
			p = pageOf(local, w.request, w.from)
		}
		s.out.toOne(w.node, kindPage, p.append(nil))
	}
}

// answerPages is servePages whenever there is something, until ctx is done.
func (s *Spread) answerPages(ctx context.Context) {
	for {
		s.servePages()
		select {
		case <-s.in.pages.soon:
		case <-ctx.Done():
			return
		}
	}
}

// keepSnapshots wants the messages of all channels that give new subscribers their last event: a node keeps these whether anybody
// subscribes or not, for who comes later. Other rules than last time make a difference.
func (s *Spread) keepSnapshots() {
	local := s.in.local.Load()
	if local == nil || local.Rules() == s.rules {
		return
	}
	s.rules = local.Rules()
	before := s.standing
	s.standing = s.rules.Snapshots()
	for _, p := range s.standing {
		s.Want(p, true)
	}
	for _, p := range before {
		s.Want(p, false)
	}
}

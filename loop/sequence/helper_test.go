package sequence

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/rules"
	"halley/loop/journal"
)

// mailbox is a fake of the loops: all of them share it, and it keeps what comes in order.
type mailbox struct {
	mu      sync.Mutex
	letters []letter
}

// letter is an event, or an answer.
type letter struct {
	event event.Event
	here  bool
	query Query
	past  history.Remembered
}

// Deliver implements Loops.
func (m *mailbox) Deliver(e event.Event, here bool) { m.post(letter{event: e, here: here}) }

// Answer implements Loops.
func (m *mailbox) Answer(q Query, past history.Remembered) { m.post(letter{query: q, past: past}) }

func (m *mailbox) post(l letter) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.letters = append(m.letters, l)
}

// take empties the mailbox.
func (m *mailbox) take() []letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	letters := m.letters
	m.letters = nil
	return letters
}

// events empties the mailbox and tells which events were in it.
func (m *mailbox) events() (events []string) {
	for _, l := range m.take() {
		if l.event != "" {
			events = append(events, string(l.event))
		}
	}
	return events
}

// paper is a fake of a history file, which answers when it is told to.
type paper struct {
	mu      sync.Mutex
	entries []history.Entry
	waiting []func(error)
	entered chan bool // told of each batch, which waits for gate; nil: none does
	gate    chan bool
	noted   []string
	bloated bool
}

// Append implements file.
func (p *paper) Append(entries []history.Entry, stored func(error)) {
	if p.entered != nil {
		p.entered <- true
		<-p.gate
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries, p.waiting = append(p.entries, entries...), append(p.waiting, stored)
}

// answer tells all who wait how it went.
func (p *paper) answer(err error) {
	p.mu.Lock()
	waiting := p.waiting
	p.waiting = nil
	p.mu.Unlock()
	for _, stored := range waiting {
		stored(err)
	}
}

func (p *paper) note(what string) { p.noted = append(p.noted, what) }

// Note implements file.
func (p *paper) Note(kind journal.Kind, id int64) { p.note(fmt.Sprint(kind, id)) }

// Bloated implements file.
func (p *paper) Bloated(int) bool { return p.bloated }

// Compact implements file.
func (p *paper) Compact() { p.note("compact") }

// LookAfter implements file.
func (p *paper) LookAfter() { p.note("look after") }

// Usage implements file.
func (p *paper) Usage() (journal.Counts, bool) { return journal.Counts{Refused: 7}, true }

// Close implements file.
func (p *paper) Close() error { p.note("close"); return nil }

// rulesOf reads rules.
func rulesOf(t testing.TB, lines ...string) (list rules.Rules) {
	t.Helper()
	for _, line := range lines {
		rule, err := rules.Parse(line, channel.Limits{MaxLength: 100, MaxSegments: 9})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rule)
	}
	return list
}

// optionsOf are those of a Local with these rules, whose loops are the mailbox.
func optionsOf(t testing.TB, m *mailbox, rules ...string) Options {
	return Options{
		History: History{HistoryBytes: 1 << 20, HistoryExpired: history.Refused},
		Queue:   history.Part{Messages: 40, Bytes: 1 << 20}, Rules: rulesOf(t, rules...),
		First: 100, Now: func() int64 { return 1000 }, Loops: m, Log: slog.New(slog.DiscardHandler),
	}
}

// opened is a Local without a file.
func opened(t testing.TB, o Options) *Local {
	t.Helper()
	l := New(o)
	if err := l.Open(); err != nil {
		t.Fatal(err)
	}
	return l
}

// onFile gives o a real history file, whose faults are nobody's.
func onFile(t testing.TB, o Options) Options {
	o.HistoryFile = filepath.Join(t.TempDir(), "history")
	o.File = journal.Options{Most: 1 << 20, Log: o.Log, Trouble: func(string) {}}
	return o
}

func newEvent(channel, data string) event.Event {
	return event.New([]byte(channel), []byte(data), false)
}

// publish publishes and tells how it went, if that is known.
func (l *Local) publish(channel, data string) (err error) {
	l.Publish(newEvent(channel, data), l.options.Rules.Of([]byte(channel)), func(e error) { err = e })
	return err
}

// replay is what is remembered of a pattern after a cursor.
func (l *Local) replay(pattern string, after int64) history.Remembered {
	l.lock()
	defer l.unlock()
	return l.replays.First([]history.Wanted{{Pattern: pattern, Replay: true, After: after}})
}

// remembered is the data of all that is remembered of a pattern.
func (l *Local) remembered(pattern string) (events []string) {
	for _, e := range l.replay(pattern, history.Earliest).Entries {
		events = append(events, e.Event)
	}
	return events
}

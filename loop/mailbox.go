package loop

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"halley/bayeux"
	"halley/bayeux/event"
)

// entryKind says what an entry asks the loop that it is posted to.
type entryKind uint8

const (
	entryPublish  entryKind = iota // deliver event to local subscribers
	entryForward                   // handle a request that arrived on another loop
	entryReply                     // answer a connection of this loop
	entryOpen                      // make a request the event-stream of a session of this loop
	entryStream                    // a request of this loop becomes a stream
	entryPush                      // write on a stream of this loop
	entryEnd                       // end a stream of this loop
	entryRefuse                    // a request of this loop that asked for a stream is refused
	entryHold                      // a connection of this loop holds a connect
	entryClose                     // a request of this loop had too much behind it
	entryAbandon                   // the client of an unfinished reply came back elsewhere
	entryReport                    // tell the core what became of an effect
	entryYield                     // tell whether a request's client is still there
	entryAbort                     // a request of a connection of this loop panicked
	entryWritable                  // output of a connection of this loop may have left
	entryGoOn                      // a websocket of this loop may send more to others
	entryCall                      // run call on the loop
)

// entry is one message from loop to loop.
type entry struct {
	kind     entryKind
	numbered bool
	endless  bool
	more     bool
	// quiet entries may wait for the next one, or for the tick: those that only keep
	// the books of a poll that is held or was answered. What depends on them comes
	// by the same mailbox, behind them.
	quiet   bool
	request bayeux.Request
	report  bayeux.Report
	session bayeux.Address
	upto    uint32
	ticket  bayeux.Ticket // of a Yield
	from    uint16        // the loop that asks
	browser uint64
	stream  bayeux.ConnectionType
	status  int
	event   event.Event
	abroad  *abroad // of the websocket that a batch came by
	call    func(*reactor)

	start, end int // of the entry's bytes in the mailbox's arena
}

// entrySize is the length of an entry in bytes.
const entrySize = int(unsafe.Sizeof(entry{}))

// MailboxMessages is how many messages a mailbox of that many bytes may hold at most.
func MailboxMessages(bytes int) int { return bytes / entrySize }

// mailbox is a loop's only entrance for other goroutines: a FIFO that is swapped
// out whole, so that posting costs an append under a lock, and one wake-up a
// burst.
type mailbox struct {
	mu sync.Mutex
	letters
	size      int // bytes that wait, entries and events included
	working   int // likewise, of what was swapped out last and is being worked off
	limit     int // of size, above which the mailbox counts as congested
	over      bool
	congested *atomic.Int32
	armed     bool
}

// letters is a run of entries with the bytes that they refer to.
type letters struct {
	entries []entry
	arena   []byte
}

// What an emptied run of letters keeps of its memory after a burst.
const (
	keepEntries = 16 << 10
	keepArena   = 1 << 20 // bytes
)

func (l *letters) reset() {
	clear(l.entries)
	l.entries, l.arena = l.entries[:0], l.arena[:0]
	if cap(l.entries) > keepEntries {
		l.entries = nil
	}
	if cap(l.arena) > keepArena {
		l.arena = nil
	}
}

// bytes returns what e carries.
func (l *letters) bytes(e *entry) []byte { return l.arena[e.start:e.end] }

// post appends e with a copy of data and tells whether the loop must be woken.
func (m *mailbox) post(e entry, data []byte) (wake bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e.start = len(m.arena)
	m.arena = append(m.arena, data...)
	e.end = len(m.arena)
	m.entries = append(m.entries, e)
	return m.added(entrySize+len(data)+len(e.event), e.quiet)
}

// postEvents appends entries that carry events alone. It keeps them.
func (m *mailbox) postEvents(entries []entry) (wake bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.entries) == 0 && cap(m.entries) < len(entries) {
		m.entries = entries // in place of a copy
	} else {
		m.entries = append(m.entries, entries...)
	}
	size := entrySize * len(entries)
	for i := range entries {
		size += len(entries[i].event)
	}
	return m.added(size, false)
}

// added accounts for that many more bytes, which need not be looked at at once if
// they are quiet.
func (m *mailbox) added(bytes int, quiet bool) (wake bool) {
	m.size += bytes
	m.weigh()
	if quiet {
		return false
	}
	wake = !m.armed
	m.armed = true
	return wake
}

// swap exchanges what waits for the emptied letters of the caller. Without any
// the mailbox is disarmed: the next post wakes the loop again.
func (m *mailbox) swap(l *letters) {
	l.reset()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.letters, *l = *l, m.letters
	m.size, m.working = 0, m.size
	m.weigh()
	m.armed = len(l.entries) > 0
}

// weigh notes whether the mailbox has become congested, or no longer is.
func (m *mailbox) weigh() {
	switch over := m.size+m.working > m.limit; {
	case over && !m.over:
		m.congested.Add(1)
		m.over = true
	case !over && m.over:
		m.congested.Add(-1)
		m.over = false
	}
}

// takes tells whether that many bytes more fit.
func (m *mailbox) takes(bytes int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.size+m.working+bytes <= m.limit
}

// kept is how many bytes wait or are being worked off.
func (m *mailbox) kept() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.size + m.working
}

// waits tells whether there is anything in the mailbox.
func (m *mailbox) waits() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries) > 0
}

// Proved by bayeux/testdata/repeats.txt, TestRepeats, TestOnlyRepeatsAreRecognised and TestRepeatsAreForgotten.

package bayeux

import (
	"unsafe"

	"halley/bayeux/message"
)

const (
	repeatsKept  = 16      // publishes of a session that a later one is compared with
	repeatWindow = 120_000 // milliseconds, in which one may be repeated
)

// repeats knows the last publishes of sessions whose clients repeat those to which no reply has come, and give no two others
// the same id. It is there for those that publish.
type repeats map[uint32]*answered // by slot

// answered are publishes that were answered with success.
type answered struct {
	last [repeatsKept]publication
	next uint8
}

// publication tells a publish from others. The zero value is none.
type publication struct {
	id, content uint64 // hashes
	by          ReplyTo
	at          int64
}

// memory is how many bytes they take, but for the table's own.
func (r repeats) memory() int { return len(r) * int(unsafe.Sizeof(answered{})) }

// numbersEach tells whether a handshake is one of a client that gives each message of a session an id of its own, and repeats
// it under that id until a reply comes: Faye's, which alone name these types.
func numbersEach(m *message.Message) (is bool) {
	if m.SupportedConnectionTypes == nil {
		return false
	}
	message.Strings(m.SupportedConnectionTypes, func(name []byte) bool {
		is = string(name) == "in-process" || string(name) == connectionTypeNames[CrossOriginLongPolling]
		return !is
	})
	return is
}

// repeated tells whether a publish was answered before, on another connection. A session that uses an id for
// something else, or twice on one connection, is none whose repeats can be told: none is recognised from then on.
func (r repeats) repeated(x *exchange, m *message.Message, name []byte) bool {
	if !r.tells(x, m) {
		return false
	}
	known := r[x.slot]
	if known == nil {
		return false
	}
	now := publicationOf(x, m, name)
	for i := range known.last {
		before := &known.last[i]
		if before.id != now.id || before.by == (ReplyTo{}) || x.now-before.at > repeatWindow {
			continue
		}
		if before.content == now.content && before.by.connection() != now.by.connection() {
			x.s.stats.Repeated++
			return true
		}
		x.session.tables.set(inRepeats, false)
		delete(r, x.slot)
		return false
	}
	return false
}

// note keeps a publish that is answered with success.
func (r repeats) note(x *exchange, m *message.Message, name []byte) {
	if !r.tells(x, m) {
		return
	}
	known := r[x.slot]
	if known == nil {
		known = new(answered)
		r[x.slot] = known
	}
	known.last[known.next] = publicationOf(x, m, name)
	known.next = (known.next + 1) % repeatsKept
}

// tells is whether a publish has an id by which it could be told if it was repeated.
func (r repeats) tells(x *exchange, m *message.Message) bool {
	return x.session != nil && x.session.tables.has(inRepeats) && len(m.ID) > 0
}

func publicationOf(x *exchange, m *message.Message, name []byte) publication {
	content := hashed(hashed(firstHash, name), m.Data)
	return publication{id: hashed(firstHash, m.ID), content: content, by: x.req.To, at: x.now}
}

// firstHash is the hash of nothing: FNV-1a. Who makes two publishes with one hash loses one of their own.
const firstHash = 14695981039346656037

// hashed is the hash of a text behind others, and of its end.
func hashed(h uint64, text []byte) uint64 {
	for _, b := range text {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return (h ^ 0xff) * 1099511628211 // no byte of UTF-8
}

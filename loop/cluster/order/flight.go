// Proved by TestKeys and TestBatchIsRepeatedAsAWhole.

package order

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"halley/loop/cluster/wire"
)

// flight is a batch under way.
type flight struct {
	publishes []*publish
	messages  []message // of them, without those that the stream has shown to know
	size      int
	begun     time.Time // when it went first
	sent      time.Time // when it went last
	again     time.Time // when it goes again, since the last attempt was not taken; zero: an answer is awaited
	first     uint64    // the number of its first attempt
	number    uint64    // of its last
	doubtful  bool      // an attempt had no answer: it may be stored
	probe     *probe    // which of its messages are known is being asked; nil: it is not
}

// takes tells whether one more publish goes with the flight: no id may be there twice.
func (f *flight) takes(p *publish, ids map[string]bool) bool {
	if len(f.publishes) == 0 {
		return true
	}
	for i := range p.messages {
		if ids[p.messages[i].id] {
			return false
		}
	}
	return len(f.messages)+len(p.messages) <= mostTogether && f.size+p.size <= mostBatch
}

func (f *flight) add(p *publish, ids map[string]bool) {
	f.publishes = append(f.publishes, p)
	f.messages = append(f.messages, p.messages...)
	f.size += p.size
	for i := range p.messages {
		if p.messages[i].keyed {
			ids[p.messages[i].id] = true
		}
	}
}

// count is how many events were to be stored.
func (f *flight) count() (n int) {
	for _, p := range f.publishes {
		n += len(p.messages)
	}
	return n
}

// keyed tells whether some of it may be known by the key of a publisher.
func (f *flight) keyed() bool {
	for i := range f.messages {
		if f.messages[i].keyed {
			return true
		}
	}
	return false
}

// probe asks which messages of a batch the stream knows: it refuses one with any that it knows, and does not say which.
type probe struct {
	asks  []int        // places of messages
	known map[int]bool // of them
}

// newProbe asks for all with a key, and first for one without: if that is known, all of the batch are, by an attempt before.
func newProbe(messages []message) *probe {
	p := &probe{known: make(map[int]bool)}
	for i := range messages {
		if !messages[i].keyed {
			p.asks = append(p.asks, i)
			break
		}
	}
	for i := range messages {
		if messages[i].keyed {
			p.asks = append(p.asks, i)
		}
	}
	return p
}

// Names of header fields: NATS', and that of the node that a message is from.
const (
	nodeField     = "Halley-Node"
	idField       = "Nats-Msg-Id"
	batchField    = "Nats-Batch-Id"
	placeField    = "Nats-Batch-Sequence"
	commitField   = "Nats-Batch-Commit"
	expectedField = "Nats-Expected-Last-Sequence"
)

// send has what is under way go, once more if it has gone before.
func (l *line) send() {
	f := l.flight
	if l.asked++; f.number != 0 {
		l.counts.repeated++
	}
	f.number, f.sent, f.again = l.asked, l.options.Now(), time.Time{}
	went := false
	switch reply := l.options.answerTo(ofPublish, f.number); {
	case f.probe != nil:
		went = l.sendProbe(&f.messages[f.probe.asks[0]], reply)
	case len(f.messages) == 1:
		went = l.wire.Send(l.wired(&f.messages[0], reply))
	default:
		went = l.sendBatch(f.messages, reply)
	}
	if !went { // it is not the stream's fault, and certain
		f.again = f.sent.Add(retryPause)
	}
}

// wired is a message as it goes.
func (l *line) wired(m *message, reply string) wire.Message {
	return wire.Message{
		Subject: m.subject, Reply: reply, Data: []byte(m.event),
		Header: map[string][]string{idField: {m.id}, nodeField: {l.options.Node}},
	}
}

// sendBatch sends messages that are stored together. The stream answers the last one; it takes none of them where one is missing. By
// the id of one it knows all: of those without a key only the first has one, since each takes memory there for minutes.
func (l *line) sendBatch(messages []message, reply string) (went bool) {
	id, named := []string{l.options.Node + "." + number(l.flight.number)}, false
	for i := range messages {
		m := l.wired(&messages[i], "")
		if !messages[i].keyed {
			if named {
				delete(m.Header, idField)
			}
			named = true
		}
		m.Header[batchField], m.Header[placeField] = id, []string{strconv.Itoa(i + 1)}
		if i == len(messages)-1 {
			m.Reply, m.Header[commitField] = reply, []string{"1"}
		}
		if !l.wire.Send(m) {
			return false
		}
	}
	return true
}

// sendProbe sends a batch that can never be stored: its second message expects to be the second of the stream. Before the stream finds
// that, it says whether it knows the first. (A single message that expects what is not so will not do: with replicas some such
// expectations come to be looked at when it is too late, and NATS has the leader give up the stream.)
func (l *line) sendProbe(m *message, reply string) (went bool) {
	id := []string{l.options.Node + "." + number(l.flight.number)}
	first, second := l.wired(m, ""), l.wired(m, reply)
	first.Header[batchField], first.Header[placeField] = id, []string{"1"}
	second.Header = map[string][]string{batchField: id, placeField: {"2"}, commitField: {"1"}, expectedField: {"1"}}
	return l.wire.Send(first) && l.wire.Send(second)
}

// probed takes the answer to a probe. What is known is left out; all else goes as a batch again.
func (l *line) probed(a ack) (calls []func()) {
	f := l.flight
	at := f.probe.asks[0]
	switch a.kind {
	case known:
		if f.probe.known[at] = true; !f.messages[at].keyed {
			return l.finish(0)
		}
	case unexpected:
	case nobody:
		f.doubtful = true
		f.again = l.options.Now().Add(retryPause)
		return l.shut()
	default:
		f.again = l.options.Now().Add(retryPause)
		return nil
	}
	if f.probe.asks = f.probe.asks[1:]; len(f.probe.asks) > 0 {
		l.send()
		return nil
	}
	left := make([]message, 0, len(f.messages))
	for i := range f.messages {
		if !f.probe.known[i] {
			left = append(left, f.messages[i])
		}
	}
	l.counts.known += uint64(len(f.probe.known))
	if f.messages, f.probe = left, nil; len(left) == 0 {
		return l.finish(0)
	}
	l.send()
	return nil
}

// ack is what the stream has to say of an attempt.
type ack struct {
	kind   kind
	number int64 // of the last of its messages
	before bool  // it was stored before
	why    string
}

// kind is a kind of answer.
type kind uint8

const (
	taken      kind = iota // it is stored
	known                  // some of it was stored before
	nobody                 // there is nobody who would take it
	notNow                 // it was not taken, or is being stored
	unexpected             // it was not taken, and cannot be
	refused                // it will never be taken
)

// apiError is an error of NATS.
type apiError struct {
	Code        int    `json:"code"`
	ErrorCode   int    `json:"err_code"`
	Description string `json:"description"`
}

// readAck reads an answer.
func readAck(m *wire.Message) ack {
	if field(m, "Status") == "503" {
		return ack{kind: nobody}
	}
	var answer struct {
		Error     *apiError `json:"error"`
		Sequence  int64     `json:"seq"`
		Duplicate bool      `json:"duplicate"`
	}
	if err := json.Unmarshal(m.Data, &answer); err != nil {
		return ack{kind: notNow}
	}
	if answer.Error == nil {
		return ack{kind: taken, number: answer.Sequence, before: answer.Duplicate}
	}
	a := ack{kind: refused, why: answer.Error.Description}
	switch answer.Error.ErrorCode {
	case 10201:
		a.kind = known
	case 10071, 10164: // the last sequence is another
		a.kind = unexpected
	case 10174:
		a.why += ": NATS before 2.12 stores no messages together"
	case 10008, 10009, 10158, 10176, 10202, 10210: // no leader, in process, incomplete, too many at once
		a.kind = notNow
	}
	return a
}

// refusal is an error of the stream.
func refusal(why string) error { return errors.New("the cluster's stream: " + why) }

// idOf is the id by which the stream knows the key of a publisher, whatever characters that has.
func idOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "k." + base64.RawURLEncoding.EncodeToString(sum[:18])
}

func number(n uint64) string { return strconv.FormatUint(n, 36) }

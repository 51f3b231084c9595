package spread

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"halley/bayeux/event"
)

// Every message of this package begins with:
//
//	1 byte   version of the form
//	1 byte   kind
//	2 bytes  number of the node that sends it
//	8 bytes  its incarnation
//
// What follows are numbers as binary.AppendUvarint writes them, and texts with their length before them.
const version = 1

// kind is what a message is for.
type kind byte

// The kinds of messages.
const (
	kindEvent  kind = iota + 1 // an event: its number, what is known of the one before, its text
	kindDigest                 // to all: up to which number a node has come, and the last numbers of channels
	kindProbe                  // to all, or one: whoever gets this gets what it sends from now on to where the sender has subscribed
	kindAnswer                 // to one: the number of the sender when a probe came
	kindAsk                    // to one: digests from a number on are missing
	kindWant                   // to one: the snapshots from a place on are wanted
	kindPage                   // to one: snapshots
	kindLast                   // to one: the snapshots of some channels are wanted
)

// Origin is a node during one of its lives.
type Origin struct {
	Node        uint16
	Incarnation uint64
}

const headLength = 1 + 1 + 2 + 8

// appendHead appends the beginning of a message.
func appendHead(dst []byte, k kind, from Origin) []byte {
	dst = binary.BigEndian.AppendUint16(append(dst, version, byte(k)), from.Node)
	return binary.BigEndian.AppendUint64(dst, from.Incarnation)
}

// errMalformed means that a message does not parse.
var errMalformed = errors.New("malformed message")

// parseHead reads the beginning of a message.
func parseHead(data []byte) (k kind, from Origin, rest []byte, err error) {
	if len(data) < headLength || data[0] != version {
		return 0, Origin{}, nil, errMalformed
	}
	from = Origin{binary.BigEndian.Uint16(data[2:]), binary.BigEndian.Uint64(data[4:])}
	return kind(data[1]), from, data[headLength:], nil
}

// previous is what an origin knows of its message before one on the same channel.
type previous struct {
	number uint64 // 0: there was none
	most   bool   // it is not known, but was at most that number
}

// numbered is an event on its way to other nodes.
type numbered struct {
	number   uint64
	previous previous
	event    event.Event
}

// mostHead is how many bytes an event has before its text at most.
const mostHead = headLength + 2*binary.MaxVarintLen64

func (n *numbered) append(dst []byte) []byte {
	before := n.previous.number << 1
	if n.previous.most {
		before |= 1
	}
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, n.number), before)
	return append(dst, n.event...)
}

// parseNumbered reads what follows the head of an event, which is a part of data: who keeps it copies it.
func parseNumbered(data []byte) (n numbered, err error) {
	r := reader{data, nil}
	n.number = r.uint()
	before := r.uint()
	n.previous = previous{before >> 1, before&1 == 1}
	n.event = event.Event(unsafe.String(unsafe.SliceData(r.rest), len(r.rest)))
	if r.err != nil || n.number == 0 || n.previous.number >= n.number || !n.event.Valid() {
		return n, errMalformed
	}
	return n, nil
}

// reader reads numbers and texts. After an error it reads zeros.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) uint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.rest, r.err = nil, errMalformed
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// text is valid as long as the message is.
func (r *reader) text() []byte {
	n := r.uint()
	if n > uint64(len(r.rest)) {
		r.rest, r.err = nil, errMalformed
		return nil
	}
	text := r.rest[:n]
	r.rest = r.rest[n:]
	return text
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// uints are numbers alone.
func uints(list ...uint64) (dst []byte) {
	for _, n := range list {
		dst = binary.AppendUvarint(dst, n)
	}
	return dst
}

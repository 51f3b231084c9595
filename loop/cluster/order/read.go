// Proved by TestHolesAreHealed, TestLostPartsOfARead and TestReadFromOneThatIsBehind.

package order

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/textproto"
	"strconv"
	"time"

	"halley/loop/cluster/wire"
)

// What is missing is read from any node that keeps the stream, which may be behind: so it is read until the number is reached that the
// stream is known to have given. A message may be lost on the way; each names the one before it. Where a node has nothing that is to
// be read, it was deleted, or that node is behind. Then the stream's leader is asked, who knows.

// reading is what is read of the stream.
type reading struct {
	number uint64    // that of the request
	before int64     // the number of the last message that came; 0: none has
	until  time.Time // when it goes again
	tries  int       // that came to nothing
	leader bool      // the leader is asked
	helped bool      // and had something
}

// The bounds of a read.
const (
	pageMessages = 1000
	pageBytes    = 256 << 10
	readTime     = 500 * time.Millisecond // without anything that comes
	againTime    = 20 * time.Millisecond  // after one that came to nothing
	mostTries    = 3                      // then the leader is asked once
)

// begin reads what is missing, or the rest of it.
func (f *feed) begin() {
	r := &reading{}
	if f.read != nil {
		r.tries = f.read.tries
		r.leader = f.read.helped || r.tries%(mostTries+1) == mostTries
	}
	f.asked++
	r.number, r.until = f.asked, f.options.Now().Add(readTime)
	f.read = r
	if f.from == 0 {
		f.from = f.last + 1
	}
	request := map[string]any{"seq": f.last + 1, "next_by_subj": f.options.Prefix + ".h.>"}
	subject := "$JS.API.STREAM.MSG.GET." + f.options.Stream
	if !r.leader {
		subject = "$JS.API.DIRECT.GET." + f.options.Stream
		request["batch"], request["max_bytes"] = min(pageMessages, f.goal-f.last), pageBytes
	}
	data, _ := json.Marshal(request)
	f.wire.Send(wire.Message{Subject: subject, Reply: f.options.answerTo(ofRead, r.number), Data: data})
	f.counts.read++
}

// answered takes what comes of a read.
func (f *feed) answered(number uint64, m *wire.Message) {
	f.do(func() {
		r := f.read
		if r == nil || r.number != number {
			return
		}
		switch status := field(m, "Status"); {
		case r.leader && status == "":
			f.readLeader(m)
		case status == "":
			f.readNext(m)
		case r.before != 0: // the end of a page
			r.tries = 0
			f.begin()
		default: // nothing there, or nobody
			f.idle()
		}
	})
}

// idle waits a moment after a read that came to nothing.
func (f *feed) idle() {
	f.read.tries++
	f.read.number, f.read.helped = 0, false
	f.read.until = f.options.Now().Add(againTime)
}

// readNext takes a message of a page.
func (f *feed) readNext(m *wire.Message) {
	r := f.read
	number, e, ok := f.parse(m)
	if number == 0 || numberOf(field(m, "Nats-Last-Sequence")) != r.before {
		f.idle() // one before it was lost
		return
	}
	r.before, r.until = number, f.options.Now().Add(readTime)
	if number <= f.last {
		return
	}
	f.skip(number - 1)
	f.healed(number, func() { f.feed(number, e, ok) })
}

// healed notes that a missing event was read.
func (f *feed) healed(number int64, feed func()) {
	if f.phase == live {
		f.counts.healed++
	}
	if _, held := f.held[number]; held {
		f.release(number)
	}
	feed()
}

// readLeader takes the message that the leader has next. If it has none, all up to the goal are deleted: it has given these numbers.
func (f *feed) readLeader(m *wire.Message) {
	var answer struct {
		Error   *apiError `json:"error"`
		Message *struct {
			Subject string    `json:"subject"`
			Number  int64     `json:"seq"`
			Header  string    `json:"hdrs"`
			Data    string    `json:"data"`
			Time    time.Time `json:"time"`
		} `json:"message"`
	}
	switch err := json.Unmarshal(m.Data, &answer); {
	case err != nil || answer.Message == nil && (answer.Error == nil || answer.Error.ErrorCode != 10037):
		f.idle()
		return
	case answer.Message == nil && f.told < f.goal: // it may lead since a moment ago, and not know all
		f.idle()
		return
	case answer.Message == nil:
		f.skip(f.goal)
		return
	}
	found := answer.Message
	header := headerOf(found.Header)
	header["Nats-Stream"], header["Nats-Subject"] = []string{f.options.Stream}, []string{found.Subject}
	header["Nats-Sequence"], header["Nats-Time-Stamp"] = []string{strconv.FormatInt(found.Number, 10)}, []string{found.Time.Format(time.RFC3339Nano)}
	data, _ := base64.StdEncoding.DecodeString(found.Data)
	number, e, ok := f.parse(&wire.Message{Header: header, Data: data})
	if number <= f.last {
		f.idle()
		return
	}
	f.skip(number - 1)
	f.healed(number, func() { f.feed(number, e, ok) })
	f.read.helped = true
	f.begin()
}

// headerOf reads the header of a stored message.
func headerOf(text string) map[string][]string {
	raw, _ := base64.StdEncoding.DecodeString(text)
	_, raw, _ = bytes.Cut(raw, []byte("\r\n")) // the version
	header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(raw))).ReadMIMEHeader()
	if err != nil {
		return make(map[string][]string)
	}
	return header
}

// numberOf reads a number; 0 where there is none.
func numberOf(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

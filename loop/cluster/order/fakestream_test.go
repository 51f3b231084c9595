package order

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"halley/loop/cluster/wire"
)

// row is a message of the fake of a stream.
type row struct {
	number  int64
	subject string
	header  map[string][]string
	data    []byte
	gone    bool
}

// fakeStream is a fake of NATS' JetStream with one stream, as a node on the wire that answers what a leader and its followers would.
type fakeStream struct {
	t       testing.TB
	wire    *wire.Memory
	now     func() time.Time
	rows    []row // from first on
	first   int64
	created time.Time
	config  map[string]any // as it was made; nil: there is none
	ids     map[string]int64
	batches map[string][]*wire.Message

	leads   bool // it has a leader
	stalls  bool // it has none, and one that keeps it says what it has
	silent  bool // nobody answers, and nobody says so
	mute    bool // it stores, and its answers to publishes are lost
	behind  int  // so many of its last rows a follower does not have yet
	refuses func(m *wire.Message) (code int)
	passes  func(number int64) bool // which events are passed on; nil: all
	answers map[string]string       // of questions, by verb, in place of what would be said
	seen    []string                // ids of messages that came, in order
	asked   []string                // the verbs of questions that came
}

func newFakeStream(t testing.TB, net *wire.Network, now func() time.Time) *fakeStream {
	s := &fakeStream{t: t, wire: net.Join(), now: now, ids: make(map[string]int64), batches: make(map[string][]*wire.Message), leads: true, answers: make(map[string]string)}
	for subject, handle := range map[string]func(*wire.Message){prefix + ".h.>": s.publish, "$JS.API.>": s.question} {
		if _, err := s.wire.Subscribe(subject, handle); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// make has there be a stream, whose first number is that.
func (s *fakeStream) make(first int64) {
	s.first, s.rows, s.created = first, nil, s.now()
	s.config = map[string]any{"name": "S", "max_msgs_per_subject": -1, "num_replicas": 3, "storage": "file", "allow_direct": true, "allow_atomic": true,
		"duplicate_window": int64(2 * time.Minute), "republish": map[string]any{"src": ">", "dest": "r.>"}}
	clear(s.ids)
}

func (s *fakeStream) say(reply string, header map[string][]string, data []byte) {
	if reply != "" {
		s.wire.Send(wire.Message{Subject: reply, Header: header, Data: data})
	}
}

func (s *fakeStream) fail(reply string, code int) {
	s.say(reply, nil, fmt.Appendf(nil, `{"error":{"code":400,"err_code":%d,"description":"error %d"}}`, code, code))
}

// nobody answers as NATS does where nobody is there.
func (s *fakeStream) nobody(reply string) { s.say(reply, map[string][]string{"Status": {"503"}}, nil) }

// publish takes a message as a stream does.
func (s *fakeStream) publish(m *wire.Message) {
	switch {
	case s.silent:
		return
	case !s.leads || s.stalls || s.config == nil:
		s.nobody(m.Reply)
		return
	case s.refuses != nil && s.refuses(m) != 0:
		s.fail(m.Reply, s.refuses(m))
		return
	}
	list := []*wire.Message{m}
	if id := field(m, batchField); id != "" {
		if field(m, placeField) != strconv.Itoa(len(s.batches[id])+1) {
			delete(s.batches, id)
			s.fail(m.Reply, 10176)
			return
		}
		list = append(s.batches[id], m)
		if s.batches[id] = list; field(m, commitField) == "" {
			return
		}
		delete(s.batches, id)
	}
	s.store(list, m.Reply)
}

// store stores messages together.
func (s *fakeStream) store(list []*wire.Message, reply string) {
	staged := make(map[string]bool)
	if s.mute {
		reply = ""
	}
	for i, m := range list {
		id := field(m, idField)
		known, is := s.ids[id]
		is = is && id != ""
		switch {
		case is && len(list) == 1:
			s.say(reply, nil, fmt.Appendf(nil, `{"stream":"S","seq":%d,"duplicate":true}`, known))
			return
		case is, id != "" && staged[id]:
			s.fail(reply, 10201)
			return
		case field(m, expectedField) != "" && i > 0:
			s.fail(reply, 10164)
			return
		}
		staged[id] = true
	}
	for _, m := range list {
		s.add(m)
	}
	s.say(reply, nil, fmt.Appendf(nil, `{"stream":"S","seq":%d}`, s.last()))
}

// add stores a message, and passes it on.
func (s *fakeStream) add(m *wire.Message) {
	r := row{number: s.last() + 1, subject: m.Subject, header: m.Header, data: m.Data}
	s.rows = append(s.rows, r)
	s.ids[field(m, idField)] = r.number
	s.seen = append(s.seen, field(m, idField))
	if s.passes == nil || s.passes(r.number) {
		s.pass(r)
	}
}

func (s *fakeStream) last() int64 { return s.first + int64(len(s.rows)) - 1 }

func (s *fakeStream) pass(r row) {
	s.wire.Send(wire.Message{Subject: prefix + ".r." + strings.TrimPrefix(r.subject, prefix+".h."), Header: s.header(r), Data: r.data})
}

// header is that of a row as it goes out.
func (s *fakeStream) header(r row) map[string][]string {
	h := map[string][]string{"Nats-Stream": {"S"}, "Nats-Subject": {r.subject}, "Nats-Sequence": {fmt.Sprint(r.number)}, "Nats-Time-Stamp": {"2026-01-01T00:00:00.123456789Z"}}
	for _, name := range []string{idField, nodeField} {
		h[name] = r.header[name]
	}
	return h
}

// drop deletes rows.
func (s *fakeStream) drop(numbers ...int64) {
	for _, n := range numbers {
		s.rows[n-s.first].gone = true
	}
}

// question answers what is asked.
func (s *fakeStream) question(m *wire.Message) {
	verb := strings.TrimSuffix(strings.TrimPrefix(m.Subject, "$JS.API."), ".S")
	s.asked = append(s.asked, verb)
	text, given := s.answers[verb]
	var request struct {
		Seq      int64 `json:"seq"`
		Batch    int   `json:"batch"`
		MaxBytes int   `json:"max_bytes"`
	}
	_ = json.Unmarshal(m.Data, &request)
	switch {
	case s.silent, text == "silence":
	case text == "nobody":
		s.nobody(m.Reply)
	case given:
		s.say(m.Reply, nil, []byte(text))
	case verb == "DIRECT.GET":
		s.page(m.Reply, request.Seq, request.Batch, request.MaxBytes)
	case !s.leads:
	case verb == "STREAM.MSG.GET":
		s.next(m.Reply, request.Seq)
	case verb == "STREAM.INFO" && s.config == nil:
		s.fail(m.Reply, 10059)
	case verb == "STREAM.INFO":
		s.info(m.Reply)
	case verb == "STREAM.DELETE":
		s.config = nil
		s.say(m.Reply, nil, []byte(`{"success":true}`))
	default:
		s.change(m, verb == "STREAM.CREATE")
	}
}

// change makes or changes the stream.
func (s *fakeStream) change(m *wire.Message, creates bool) {
	var config map[string]any
	if err := json.Unmarshal(m.Data, &config); err != nil {
		s.t.Error(err)
	}
	switch first, _ := config["first_seq"].(float64); {
	case creates && s.config != nil:
		s.fail(m.Reply, 10058)
		return
	case creates:
		s.make(int64(first))
	}
	s.config = config
	s.info(m.Reply)
}

func (s *fakeStream) info(reply string) {
	first := s.first
	for _, r := range s.rows {
		if !r.gone {
			break
		}
		first++
	}
	config, _ := json.Marshal(s.config)
	leader, last := "someone", s.last()
	if s.stalls {
		leader, last = "", max(first, last-2)
	}
	s.say(reply, nil, fmt.Appendf(nil, `{"config":%s,"created":%q,"state":{"first_seq":%d,"last_seq":%d},"cluster":{"leader":%q}}`,
		config, s.created.Format(time.RFC3339Nano), first, last, leader))
}

// page answers a read as a follower that may be behind.
func (s *fakeStream) page(reply string, from int64, batch, bytes int) {
	before := int64(0)
	for _, r := range s.rows[:len(s.rows)-min(s.behind, len(s.rows))] {
		if r.number < from || r.gone || batch == 0 || bytes <= 0 {
			continue
		}
		h := s.header(r)
		h["Nats-Last-Sequence"] = []string{fmt.Sprint(before)}
		s.say(reply, h, r.data)
		batch, bytes, before = batch-1, bytes-len(r.data)-len(r.subject), r.number
	}
	if before == 0 {
		s.say(reply, map[string][]string{"Status": {"404"}}, nil)
		return
	}
	s.say(reply, map[string][]string{"Status": {"204"}}, nil)
}

// next answers a read as the leader.
func (s *fakeStream) next(reply string, from int64) {
	for _, r := range s.rows {
		if r.number < from || r.gone {
			continue
		}
		text := "NATS/1.0\r\n"
		for name, list := range r.header {
			text += name + ": " + list[0] + "\r\n"
		}
		answer, _ := json.Marshal(map[string]any{"message": map[string]any{"subject": r.subject, "seq": r.number,
			"hdrs": base64.StdEncoding.EncodeToString([]byte(text + "\r\n")), "data": base64.StdEncoding.EncodeToString(r.data), "time": "2026-01-01T00:00:00Z"}})
		s.say(reply, nil, answer)
		return
	}
	s.fail(reply, 10037)
}

// texts are the data of what the stream has, with the channel's last segment.
func (s *fakeStream) texts() (list []string) {
	for _, r := range s.rows {
		list = append(list, textOf(string(r.data)))
	}
	return list
}

package bus

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"halley/bayeux"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/reply"
)

// filler gives every exported field that it reaches a value of its own, other than zero.
type filler struct{ n int64 }

func (f *filler) fill(v reflect.Value) {
	f.n++
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(1) // a kind that there is
	case reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(f.n))
	case reflect.Int64:
		v.SetInt(-f.n)
	case reflect.String:
		v.SetString(string(event.New([]byte("/a"), fmt.Append(nil, f.n), false)))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				f.fill(v.Field(i))
			}
		}
	default:
		panic("a field of kind " + v.Kind().String())
	}
}

// full is a message of a kind with all that it may have.
func full(kind Kind) Message {
	var f filler
	m := Message{To: bayeux.Place{Node: 7, Loop: 8}, From: bayeux.Place{Node: 9, Loop: 10}, Kind: kind, Quiet: true}
	switch kind {
	case Effect:
		m.Effect, m.Data = new(bayeux.Effect), []byte("data")
		f.fill(reflect.ValueOf(m.Effect).Elem())
	case Report:
		f.fill(reflect.ValueOf(&m.Report).Elem())
	case Publish:
		m.Event = event.New([]byte("/a"), []byte("1"), true)
	case LetGo:
		f.fill(reflect.ValueOf(&m.Report.Session).Elem())
		f.fill(reflect.ValueOf(&m.Report.To).Elem())
	default:
		f.fill(reflect.ValueOf(&m.Request).Elem())
		m.Worked, m.Data = 12, []byte("data")
	}
	return m
}

// samples is a message of each kind, and of each kind of effect and report, full and bare.
func samples() map[string]Message {
	list := make(map[string]Message)
	for kind := Kind(0); kind.Known(); kind++ {
		list[fmt.Sprint("full ", kind)] = full(kind)
	}
	for kind := bayeux.EffectKind(0); kind.Known(); kind++ {
		m := full(Effect)
		m.Effect.Kind = kind
		list[fmt.Sprint("full effect ", kind)] = m
		bare := bayeux.Effect{Kind: kind}
		switch kind {
		case bayeux.Publish, bayeux.Sequence, bayeux.Pass:
			bare.Event = event.New([]byte("/a"), nil, false)
		case bayeux.Decide:
			bare.Question = new(bayeux.Question)
		}
		list[fmt.Sprint("bare effect ", kind)] = Message{Kind: Effect, Effect: &bare}
	}
	for kind := bayeux.ReportKind(0); kind.Known(); kind++ {
		m := full(Report)
		m.Report.Kind = kind
		list[fmt.Sprint("full report ", kind)] = m
		bare := bayeux.Report{Kind: kind}
		switch kind {
		case bayeux.Decided:
			bare.Verdict = new(bayeux.Verdict)
		case bayeux.Joined, bayeux.Recalled:
			bare.Past = new(history.Remembered)
		}
		list[fmt.Sprint("bare report ", kind)] = Message{Kind: Report, Report: bare}
	}
	for _, kind := range []Kind{Batch, Open, ReadOn, LetGo, Lost} {
		list[fmt.Sprint("bare ", kind)] = Message{Kind: kind}
	}
	return list
}

// What is parsed of a message's encoding is the message, of whatever kind it is and
// whatever it has: a field that is not encoded is missing here.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, m := range samples() {
		encoded := AppendMessage([]byte("before"), &m)
		got, err := ParseMessage(encoded[len("before"):])
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%s: %v\ngot  %+v\nwant %+v", name, err, got, m)
		}
	}
}

// A part of an encoding is none, nor is one with something behind it or in another
// version.
func TestBrokenEncodings(t *testing.T) {
	t.Parallel()
	for name, m := range samples() {
		encoded := AppendMessage(nil, &m)
		for n := range encoded {
			if _, err := ParseMessage(encoded[:n]); !errors.Is(err, ErrMalformed) {
				t.Fatalf("%s: %d of %d bytes: %v", name, n, len(encoded), err)
			}
		}
		if _, err := ParseMessage(append(bytes.Clone(encoded), 0)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: a byte too many: %v", name, err)
		}
		encoded[0]++
		if _, err := ParseMessage(encoded); !errors.Is(err, ErrVersion) {
			t.Errorf("%s: another version: %v", name, err)
		}
	}
}

// What a loop could not work with does not parse.
func TestUnsoundMessages(t *testing.T) {
	t.Parallel()
	odd := event.Event(`{"channel":"/a`)
	entry := history.Remembered{Entries: []history.Entry{{Event: string(odd)}}}
	for name, m := range map[string]Message{
		"kind":            {Kind: Kind(kinds)},
		"event":           {Kind: Publish, Event: odd},
		"no event":        {Kind: Publish},
		"event to others": {Kind: Effect, Effect: &bayeux.Effect{Kind: bayeux.Publish}},
		"sequenced":       {Kind: Effect, Effect: &bayeux.Effect{Kind: bayeux.Sequence, Event: odd}},
		"no question":     {Kind: Effect, Effect: &bayeux.Effect{Kind: bayeux.Decide}},
		"effect":          {Kind: Effect, Effect: &bayeux.Effect{Kind: bayeux.Guessed + 1}},
		"type":            {Kind: Effect, Effect: &bayeux.Effect{Type: bayeux.MimeMessageBlock + 1}},
		"operation": {Kind: Effect, Effect: &bayeux.Effect{Kind: bayeux.Decide,
			Question: &bayeux.Question{Operation: bayeux.OpUse + 1}}},
		"report":     {Kind: Report, Report: bayeux.Report{Kind: bayeux.GiveUp + 1}},
		"no verdict": {Kind: Report, Report: bayeux.Report{Kind: bayeux.Decided}},
		"ruling":     {Kind: Report, Report: bayeux.Report{Kind: bayeux.Decided, Verdict: &bayeux.Verdict{Ruling: bayeux.Wait + 1}}},
		"advice": {Kind: Report, Report: bayeux.Report{Kind: bayeux.Decided,
			Verdict: &bayeux.Verdict{Advice: reply.Advice{Reconnect: reply.None + 1}}}},
		"no past": {Kind: Report, Report: bayeux.Report{Kind: bayeux.Joined}},
		"entry":   {Kind: Report, Report: bayeux.Report{Kind: bayeux.Joined, Past: &entry}},
		"request": {Kind: Batch, Request: bayeux.Request{Type: bayeux.MimeMessageBlock + 1}},
	} {
		if got, err := ParseMessage(AppendMessage(nil, &m)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v %+v", name, err, got)
		}
	}
	if _, err := ParseMessage(append([]byte{Version}, make([]byte, MaxEncoded)...)); !errors.Is(err, ErrMalformed) {
		t.Errorf("a message that is too long: %v", err)
	}
}

// The layout is that of version 1: whoever changes it changes the version.
func TestLayout(t *testing.T) {
	t.Parallel()
	m := Message{To: bayeux.Place{Node: 1, Loop: 2}, From: bayeux.Place{Node: 3, Loop: 4}, Kind: Report, Quiet: true,
		Report: bayeux.Report{Kind: bayeux.Bounced, Session: bayeux.Address{Node: 1, Loop: 2, Slot: 5, Gen: 6}, Upto: 7}}
	want := strings.Join([]string{"01", "00010002", "00030004", "01", "01", // version, To, From, Kind, Quiet
		"02", "00", "00000007", "000100020000000500000006", "00000000", // Bounced, no Verdict, Upto, Session, Took
		"00000000000000000000000000000000", "0000000000000000", "00000000", "00"}, "") // To, Ticket, Failure, no Past
	equal(t, hex.EncodeToString(AppendMessage(nil, &m)), want)
}

// A list cannot claim more items than there are bytes for.
func TestNoMemoryForClaims(t *testing.T) {
	m := Message{Kind: Report, Report: bayeux.Report{Kind: bayeux.Joined, Past: new(history.Remembered)}}
	encoded := AppendMessage(nil, &m)
	entries := len(encoded) - len("eeeerrrruuuuuuuummmmffff")
	copy(encoded[entries:], "\xff\xff\xff\xff")
	if got := testing.AllocsPerRun(10, func() {
		if _, err := ParseMessage(encoded); !errors.Is(err, ErrMalformed) {
			t.Fatal(err)
		}
	}); got > 2 {
		t.Errorf("%v allocations", got)
	}
}

// Whatever parses encodes to the same bytes.
func FuzzParseMessage(f *testing.F) {
	for _, m := range samples() {
		f.Add(AppendMessage(nil, &m))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := ParseMessage(b); err == nil && !bytes.Equal(AppendMessage(nil, &m), b) {
			t.Errorf("%x is %+v, which is %x", b, m, AppendMessage(nil, &m))
		}
	})
}

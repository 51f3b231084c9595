package bayeux

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"halley/bayeux/rules"
	"halley/bayeux/work"
)

// audience is a publisher and so many sessions that hear it, on a server whose turns do
// a limited amount of work.
func audience(t *testing.T, listeners, turnWork int) *backlogged {
	cfg := testConfig()
	cfg.MaxSessions, cfg.MaxAsks, cfg.TurnWork = 10_000, 100, turnWork
	cfg.Scanner.MaxMessages, cfg.MaxAhead, cfg.MaxSubscriptions = 10_000, 1<<20, 100
	b := newBacklog(t, false, cfg, 0, 0)
	for range listeners {
		b.server.BeginTurn()
		reply := b.talk(t, `{"channel":"/meta/handshake"}`)
		_, rest, _ := strings.Cut(reply, `"clientId":"`)
		b.talk(t, fmt.Sprintf(`[{"channel":"/meta/connect","clientId":%[1]q},{"channel":"/meta/subscribe","clientId":%[1]q,"subscription":"/a"}]`, rest[:ClientIDLen]))
	}
	return b
}

// publishes is a batch of so many events.
func (b *backlogged) publishes(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"channel":"/a","clientId":%q,"data":%d,"id":"%d"}`, b.id, i, i))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// turns hands over a batch and goes on with it until it is answered. It returns the reply,
// and the most work that a turn did.
func (b *backlogged) turns(t *testing.T, req Request, body string) (reply string, turns, most int) {
	batch := scanned(t, body)
	b.server.BeginTurn()
	before := b.server.Worked()
	b.server.Handle(b.now, req, &batch, &b.fx)
	for {
		turns++
		most = max(most, int(b.server.Worked()-before))
		var ticket Ticket
		for i := range b.fx.List {
			switch e := &b.fx.List[i]; {
			case e.Kind == Yield:
				ticket = e.Ticket
			case e.Kind == Reply && e.To == req.To:
				reply = string(b.fx.Messages(e))
			}
		}
		b.fx.Reset()
		if ticket == 0 {
			return reply, turns, most
		}
		b.server.BeginTurn()
		before = b.server.Worked()
		b.server.Report(b.now, &Report{Kind: GoOn, Ticket: ticket}, &b.fx)
	}
}

// A batch that wants more work than a turn may do is handled over many, in order, and
// answered once.
func TestLargeBatchMakesWay(t *testing.T) {
	for _, kind := range []ConnectionType{LongPolling, CallbackPolling, WebSocket} {
		b := audience(t, 100, 1000)
		reply, turns, most := b.turns(t, Request{To: ReplyTo{Serial: 9999}, Type: kind}, b.publishes(200))
		if turns < 20 || most > 1000+101+200 {
			t.Errorf("%s: %d turns, %d units in one", kind, turns, most)
		}
		at := -1
		for i := range 200 {
			next := strings.Index(reply, fmt.Sprintf(`"successful":true,"id":"%d"`, i))
			if next <= at {
				t.Fatalf("%s: reply %d is at %d, after %d", kind, i, next, at)
			}
			at = next
		}
		if st := b.server.Stats(); st.Published != 200 || int(st.Yields) != turns-1 || len(b.server.parked) > 0 || len(b.server.backlogs.of) > 0 {
			t.Errorf("%s: %d published, %d yields, %d parked", kind, st.Published, st.Yields, len(b.server.parked))
		}
	}
}

// The batches of a websocket make way like others, and are handled in the order in which
// they came: those that come meanwhile wait behind the one that made way.
func TestFramesMakeWayInOrder(t *testing.T) {
	b := audience(t, 100, 1000)
	to, frames := ReplyTo{Serial: 9999}, 5
	b.server.BeginTurn()
	for range frames {
		batch := scanned(t, b.publishes(15))
		b.server.Handle(b.now, Request{To: to, Type: WebSocket}, &batch, &b.fx)
	}
	if st := b.server.Stats(); st.Published != 10 || st.Yields != 1 || !b.server.Waits(to) {
		t.Fatalf("%d published in a turn, %d yields", st.Published, st.Yields)
	}
	replies, turns := 0, 1
	for waits := true; waits; turns++ {
		waits = false
		var ticket Ticket
		for i := range b.fx.List {
			switch e := &b.fx.List[i]; e.Kind {
			case Yield:
				ticket, waits = e.Ticket, true
			case Reply:
				replies++
			case CaughtUp:
				if e.To != to || b.server.Waits(to) || replies != frames {
					t.Errorf("%v has caught up after %d replies", e.To, replies)
				}
			}
		}
		b.fx.Reset()
		b.server.BeginTurn()
		before := b.server.Worked()
		b.server.Report(b.now, &Report{Kind: GoOn, Ticket: ticket}, &b.fx)
		if done := b.server.Worked() - before; done > 1200 {
			t.Errorf("turn %d: %d units", turns, done)
		}
	}
	if replies != frames || b.server.Stats().Published != uint64(15*frames) || b.server.Waits(to) {
		t.Errorf("%d replies in %d turns, %d published", replies, turns, b.server.Stats().Published)
	}
}

// With the batch that made way goes what came behind it, when its connection has gone;
// the session expires again.
func TestGiveUpLine(t *testing.T) {
	b := audience(t, 100, 1000)
	req := Request{To: ReplyTo{Serial: 9999}, Type: WebSocket}
	b.server.BeginTurn()
	for range 3 {
		batch := scanned(t, b.publishes(15))
		b.server.Handle(b.now, req, &batch, &b.fx)
	}
	a, _ := b.server.Find([]byte(b.id))
	ticket, r := b.fx.List[len(b.fx.List)-1].Ticket, b.server.sessions.find(a)
	if !r.tables.has(inBacklogs) {
		t.Error("the session may expire before its batches")
	}
	b.fx.Reset()
	b.server.Report(b.now, &Report{Kind: GiveUp, Ticket: ticket}, &b.fx)
	if st := b.server.Stats(); st.Published != 10 || len(b.server.parked)+len(b.server.backlogs.of) > 0 || r.tables.has(inBacklogs) {
		t.Errorf("%d published, %d parked, %d backlogs", st.Published, len(b.server.parked), len(b.server.backlogs.of))
	}
	if len(b.fx.List) != 1 || b.fx.List[0].Kind != CaughtUp {
		t.Errorf("effects %+v", b.fx.List)
	}
}

// A batch is not begun in a turn that has done enough, so that pipelined requests and
// frames that came together share a turn's work.
func TestTiredTurnBeginsNothing(t *testing.T) {
	b := audience(t, 100, 1000)
	b.server.BeginTurn()
	batch := scanned(t, b.publishes(1))
	for i := range 30 {
		b.server.Handle(b.now, Request{To: ReplyTo{Serial: uint32(5000 + i)}}, &batch, &b.fx)
	}
	if st := b.server.Stats(); st.Published != 10 || st.Yields != 20 {
		t.Errorf("%d published, %d yields", st.Published, st.Yields)
	}
}

// The batch of a connection that has gone is not gone on with.
func TestGiveUp(t *testing.T) {
	b := audience(t, 100, 1000)
	req := Request{To: ReplyTo{Serial: 9999}}
	first := scanned(t, b.publishes(200))
	b.server.BeginTurn()
	b.server.Handle(b.now, req, &first, &b.fx)
	ticket := b.fx.List[len(b.fx.List)-1].Ticket
	published := b.server.Stats().Published
	b.server.Report(b.now, &Report{Kind: GiveUp, Ticket: ticket}, &b.fx)
	b.server.Report(b.now, &Report{Kind: GiveUp, Ticket: ticket}, &b.fx)
	b.server.Report(b.now, &Report{Kind: GoOn, Ticket: ticket}, &b.fx)
	if st := b.server.Stats(); st.Published != published || len(b.server.parked) > 0 || len(b.server.backlogs.of) > 0 {
		t.Errorf("%d published, %d parked, %d backlogs", st.Published, len(b.server.parked), len(b.server.backlogs.of))
	}
}

// Where no more batches may wait, or there is no limit, a batch is handled at once.
func TestBatchThatCannotMakeWay(t *testing.T) {
	for _, change := range []func(*Server){
		func(s *Server) { s.Meter = work.NewMeter(0) }, func(s *Server) { s.cfg.MaxAsks = 0 },
	} {
		b := audience(t, 100, 1000)
		change(b.server)
		if _, turns, _ := b.turns(t, Request{To: ReplyTo{Serial: 9999}}, b.publishes(200)); turns != 1 {
			t.Errorf("%d turns", turns)
		}
	}
}

// What costs more than its bytes is known to: each of these did before.
func TestWorkIsLinear(t *testing.T) {
	work := func(b *backlogged, body string) int {
		before := b.server.Worked()
		b.talk(t, body)
		return int(b.server.Worked() - before)
	}
	cfg := testConfig()
	cfg.MaxSubscriptions = 1000
	cfg.Rules = rulesOf(t, cfg, "/h/** history=10")
	b := newBacklog(t, false, cfg, 5000, 30)
	repeated := fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":["/a"%s],"ext":{"replay":-1,"conflate":{"interval":100}}}`,
		b.id, strings.Repeat(`,"/a"`, 10_000))
	if n := work(b, repeated); n > 30_000 {
		t.Errorf("10,000 times the same pattern: %d units", n)
	}
	b = newBacklog(t, true, cfg, 5000, 30)
	var connects []string
	for range 200 {
		connects = append(connects, fmt.Sprintf(`{"channel":"/meta/connect","clientId":%q,"ext":{"ack":0},"advice":{"timeout":0}}`, b.id))
	}
	if n := work(b, "["+strings.Join(connects, ",")+"]"); n > 25_000 {
		t.Errorf("200 connects: %d units", n)
	}
}

// A session's end costs by its patterns: many that end at once are many turns.
func TestPatternsCountAsWork(t *testing.T) {
	cfg := testConfig()
	cfg.MaxSubscriptions = 1000
	b := newBacklog(t, false, cfg, 0, 0)
	var list []string
	for i := range 500 {
		list = append(list, fmt.Sprintf("%q", fmt.Sprintf("/%d", i)))
	}
	b.talk(t, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":[%s]}`, b.id, strings.Join(list, ",")))
	before := b.server.Worked()
	b.talk(t, fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, b.id))
	if n := b.server.Worked() - before; n < 500*patternWork {
		t.Errorf("%d units", n)
	}
}

func rulesOf(t testing.TB, cfg Config, text string) (list rules.Rules) {
	rule, err := rules.Parse(text, cfg.Channel)
	if err != nil {
		t.Fatal(err)
	}
	return append(list, rule)
}

// A batch that makes way with each of its messages allocates as much for each of them
// whatever their number: what is left is not copied again each time.
func TestBatchThatMakesWayIsNotCopiedAgain(t *testing.T) {
	each := func(messages int) uint64 {
		b := audience(t, 0, 1)
		body := b.publishes(messages)
		b.turns(t, Request{To: ReplyTo{Serial: 9998}}, body) // what is kept for the next has its size
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		reply, turns, _ := b.turns(t, Request{To: ReplyTo{Serial: 9999}}, body)
		runtime.ReadMemStats(&after)
		if turns < messages-1 || strings.Count(reply, `"successful":true`) != messages {
			t.Fatalf("%d turns: %s", turns, reply)
		}
		return (after.TotalAlloc - before.TotalAlloc) / uint64(messages)
	}
	if few, many := each(50), each(500); many > 2*few {
		t.Errorf("%d bytes for each of 50 messages, %d of 500", few, many)
	}
}

// Of a batch that makes way only its next messages are scanned when it goes on.
func TestBatchThatMakesWayIsScannedByParts(t *testing.T) {
	const messages = 3*scannedTogether + 5
	b := audience(t, 0, 1)
	batch := scanned(t, b.publishes(messages))
	b.server.BeginTurn()
	b.server.Handle(b.now, Request{To: ReplyTo{Serial: 9999}}, &batch, &b.fx)
	left := 0
	for _, p := range b.server.parked {
		for _, body := range append([][]byte{p.body}, p.later...) {
			part := scanned(t, string(body))
			left += len(part.Messages)
			if len(part.Messages) > scannedTogether {
				t.Errorf("%d messages are scanned at once", len(part.Messages))
			}
		}
	}
	if left < messages-1 {
		t.Errorf("%d messages are left", left)
	}
}

// An event that begins a pause for each of its subscribers counts for more than one that goes to them at once.
func TestPausesCount(t *testing.T) {
	const listeners = 50
	spent := func(ext string) int {
		b := audience(t, 0, 0)
		for range listeners {
			reply := b.talk(t, `{"channel":"/meta/handshake"}`)
			_, rest, _ := strings.Cut(reply, `"clientId":"`)
			b.talk(t, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":"/a"%s}`, rest[:ClientIDLen], ext))
		}
		before := b.server.Worked()
		b.talk(t, b.publishes(1))
		return int(b.server.Worked() - before)
	}
	if free, paused := spent(""), spent(`,"ext":{"conflate":{"interval":60000}}`); paused < free+5*listeners {
		t.Errorf("%d units with pauses, %d without", paused, free)
	}
}

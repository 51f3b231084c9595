package bayeux

import (
	"fmt"
	"testing"
	"time"

	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/message"
)

// crowd is so many sessions with a websocket each that subscribe to /a.
func crowd(b *testing.B, size int) (s *Server, now int64, id string) {
	cfg := testConfig()
	cfg.Hold, cfg.MaxInterval, cfg.QueueMessages, cfg.QueueBytes = ages, ages, 1<<20, 1<<30
	cfg.MaxSessions, cfg.Scanner.MaxMessages = size, 1000
	m := &market{b: b, server: NewServer(cfg, 0)}
	for i := range size {
		to := ReplyTo{Conn: uint32(i), Serial: 1}
		m.send(to, `{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"]}`)
		m.send(to, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":"/a"}`, m.id))
		m.send(to, fmt.Sprintf(`{"channel":"/meta/connect","clientId":%q,"connectionType":"websocket"}`, m.id))
	}
	return m.server, m.now, m.id
}

// BenchmarkWork tells how long a unit of work takes, which --turn-work counts: of
// publishes to many subscribers, of the flush that brings them, and of messages that
// go nowhere. The first is also how long one publish keeps a loop.
func BenchmarkWork(b *testing.B) {
	for _, c := range []struct {
		name        string
		subscribers int
		channel     string
		messages    int
	}{
		{"publish", 1000, "/a", 20}, {"publish", 20_000, "/a", 1}, {"message", 1, "/b", 500},
	} {
		b.Run(fmt.Sprintf("%s/subscribers=%d", c.name, c.subscribers), func(b *testing.B) {
			s, now, id := crowd(b, c.subscribers)
			body := []byte{'['}
			for i := range c.messages {
				if i > 0 {
					body = append(body, ',')
				}
				body = fmt.Appendf(body, `{"channel":%q,"clientId":%q,"data":{"price":101.25,"size":%d},"id":"%d"}`, c.channel, id, i, i)
			}
			var batch message.Batch
			scanner := s.cfg.Scanner
			if err := scanner.Scan(append(body, ']'), &batch); err != nil {
				b.Fatal(err)
			}
			var fx Effects
			var handling, flushing time.Duration
			var handled, flushed uint64
			for b.Loop() {
				begun, before := time.Now(), s.Worked()
				s.Handle(now, Request{To: ReplyTo{Serial: 1}}, &batch, &fx)
				handling += time.Since(begun)
				handled += s.Worked() - before
				fx.Reset()
				begun, before = time.Now(), s.Worked()
				for more := true; more; {
					more = s.Flush(now, 64, &fx)
					for i := range fx.List {
						if e := &fx.List[i]; e.Numbered {
							s.Report(now, &Report{Kind: Written, Session: e.Session, Upto: e.Upto}, nil)
						}
					}
					fx.Reset()
				}
				flushing += time.Since(begun)
				flushed += s.Worked() - before
			}
			b.ReportMetric(float64(handling.Nanoseconds())/float64(handled), "ns/unit")
			b.ReportMetric(float64(handling.Microseconds())/float64(b.N)/1000, "ms/batch")
			if flushed > 0 {
				b.ReportMetric(float64(flushing.Nanoseconds())/float64(flushed), "ns/flushed-unit")
			}
		})
	}
}

// BenchmarkPauses tells how long a unit of work takes where an event begins a pause for each of very many sessions and keys.
func BenchmarkPauses(b *testing.B) {
	const sessions, channels = 2000, 500
	cfg := testConfig()
	cfg.Hold, cfg.MaxInterval, cfg.QueueMessages, cfg.QueueBytes = ages, ages, 1<<20, 1<<40
	cfg.MaxSessions = sessions
	for b.Loop() {
		m := &market{b: b, server: NewServer(cfg, 0)}
		for i := range sessions {
			to := ReplyTo{Conn: uint32(i), Serial: 1}
			m.send(to, `{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"]}`)
			m.send(to, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":"/new/*","ext":{"conflate":{"interval":60000}}}`, m.id))
		}
		begun, before := time.Now(), m.server.Worked()
		for i := range channels {
			m.send(ReplyTo{Serial: 1}, fmt.Sprintf(`{"channel":"/new/%d","clientId":%q,"data":1}`, i, m.id))
		}
		b.ReportMetric(float64(time.Since(begun).Nanoseconds())/float64(m.server.Worked()-before), "ns/unit")
	}
}

// BenchmarkPast tells how long a unit of work takes where subscriptions get the past: what is queued of it, and what the session
// has already or has no room for.
func BenchmarkPast(b *testing.B) {
	const events, channels = 400, 100
	cfg := testConfig()
	cfg.QueueMessages, cfg.QueueBytes = 2*events, 1<<20
	cfg.Rules = rulesOf(b, cfg, "/h/** history=1000")
	var past history.Remembered
	for i := range events {
		name := fmt.Sprintf("/h/%d", i%channels)
		e := event.New([]byte(name), []byte("1"), false).Numbered(int64(i + 1))
		past.Entries = append(past.Entries, history.Entry{ID: int64(i + 1), Channel: name, Event: string(e)})
	}
	past.Upto = events
	past.Replays = []history.Wanted{{Pattern: "/h/**", Replay: true, After: history.Earliest}}
	for _, c := range []struct {
		name   string
		before int // subscriptions that have got it
	}{{"queued", 0}, {"known", 1}} {
		b.Run(c.name, func(b *testing.B) {
			var took time.Duration
			var units uint64
			for b.Loop() {
				x := newBacklogOf(b, false, cfg, 0, 0)
				for n := range c.before + 1 {
					batch := scanned(b, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":"/h/**","ext":{"replay":-2}}`, x.id))
					x.server.Handle(x.now, Request{To: ReplyTo{Serial: 9000}}, &batch, &x.fx)
					ticket := Ticket(0)
					for i := range x.fx.List {
						if e := &x.fx.List[i]; e.Kind == Join {
							ticket = e.Ticket
						}
					}
					x.fx.Reset()
					begun, before := time.Now(), x.server.Worked()
					x.server.Report(x.now, &Report{Kind: Joined, Ticket: ticket, Past: &past}, &x.fx)
					if n == c.before {
						took, units = took+time.Since(begun), units+x.server.Worked()-before
					}
					x.fx.Reset()
				}
			}
			b.ReportMetric(float64(took.Nanoseconds())/float64(units), "ns/unit")
			b.ReportMetric(float64(took.Nanoseconds())/float64(b.N)/events, "ns/event")
		})
	}
}

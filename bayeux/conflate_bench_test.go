package bayeux

import (
	"encoding/json"
	"fmt"
	"testing"

	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/message"
	"halley/bayeux/rules"
)

const (
	marketChannels    = 20
	marketSubscribers = 50 // of every channel
)

// market is a server with subscribers of a ticker, each on a websocket that takes
// everything at once.
type market struct {
	b         *testing.B
	server    *Server
	now       int64
	fx        Effects
	id        string // of the session opened last
	delivered int
	bytes     int
}

// BenchmarkConflation lets a second of a ticker pass with every iteration. With an
// interval, whoever wants it, what subscribers get must not grow with what is
// published: deliveries/s and sent-B/s stay; ns/message is what each further message
// costs, and ns/op what a second does.
func BenchmarkConflation(b *testing.B) {
	for _, c := range []struct{ name, rule, ext string }{
		{"every", "", ""},
		{"asked=500ms", "", `,"ext":{"conflate":{"interval":500}}`},
		{"rate=2", "/stock/* rate=2/s", ""},
	} {
		for _, rate := range []int{200, 1000, 5000, 25_000} {
			b.Run(fmt.Sprintf("%s/messages=%d", c.name, rate), func(b *testing.B) {
				m := newMarket(b, c.rule, c.ext)
				b.ReportAllocs()
				for b.Loop() {
					m.second(rate)
				}
				perSecond := func(n int) float64 { return float64(n) / float64(b.N) }
				b.ReportMetric(perSecond(m.delivered), "deliveries/s")
				b.ReportMetric(perSecond(m.bytes), "sent-B/s")
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rate), "ns/message")
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rate*marketSubscribers), "ns/message/subscriber")
			})
		}
	}
}

func newMarket(b *testing.B, rule, ext string) *market {
	cfg := testConfig()
	cfg.Hold, cfg.MaxInterval, cfg.QueueMessages, cfg.QueueBytes = ages, ages, 1<<20, 1<<30
	if rule != "" {
		r, err := rules.Parse(rule, channel.Limits{MaxLength: 64, MaxSegments: 5})
		if err != nil {
			b.Fatal(err)
		}
		cfg.Rules = rules.Rules{r}
	}
	m := &market{b: b, server: NewServer(cfg, 0)}
	for i := range marketSubscribers {
		to := ReplyTo{Conn: uint32(i), Serial: 1}
		m.send(to, `{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"]}`)
		m.send(to, fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":"/stock/*"%s}`, m.id, ext))
		m.send(to, fmt.Sprintf(`{"channel":"/meta/connect","clientId":%q,"connectionType":"websocket"}`, m.id))
	}
	return m
}

func (m *market) send(to ReplyTo, body string) {
	var batch message.Batch
	scanner := message.Scanner{MaxDepth: 9, MaxMessages: 9}
	if err := scanner.Scan([]byte(body), &batch); err != nil {
		m.b.Fatal(err)
	}
	m.server.Handle(m.now, Request{To: to, Type: WebSocket}, &batch, &m.fx)
	for i := range m.fx.List {
		var replies []struct{ ClientID string }
		text := append(append([]byte("["), m.fx.Messages(&m.fx.List[i])...), ']')
		if json.Unmarshal(text, &replies) == nil && len(replies) > 0 && replies[0].ClientID != "" {
			m.id = replies[0].ClientID
		}
	}
	m.fx.Reset()
}

// second publishes rate messages, evenly over the channels and the time, with a flush
// every ten milliseconds and a tick every hundred.
func (m *market) second(rate int) {
	for n := range rate {
		name := fmt.Appendf(nil, "/stock/S%d", n%marketChannels)
		m.server.Deliver(m.now, event.New(name, []byte(`{"price":167.4100,"size":100,"exchange":"P"}`), false))
		m.passTo(m.now - m.now%1000 + int64(n+1)*1000/int64(rate))
	}
}

func (m *market) passTo(now int64) {
	for ; m.now < now; m.now++ {
		switch {
		case m.now%100 == 99:
			for m.server.Tick(m.now+1, &m.fx) {
			}
			fallthrough
		case m.now%10 == 9:
			for m.server.Flush(m.now+1, 100, &m.fx) {
			}
			m.take()
		}
	}
}

// take counts what is delivered and says that it was written.
func (m *market) take() {
	for i := range m.fx.List {
		if e := &m.fx.List[i]; e.Kind == Deliver && e.Numbered {
			m.bytes += len(m.fx.Messages(e))
			before := m.server.Stats().Delivered
			m.server.Report(0, &Report{Kind: Written, Session: e.Session, Upto: e.Upto}, nil)
			m.delivered += int(m.server.Stats().Delivered - before)
		}
	}
	m.fx.Reset()
}

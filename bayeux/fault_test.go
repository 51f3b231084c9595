package bayeux

import (
	"fmt"
	"strings"
	"testing"
)

// touchy is an authority that panics at what names the word panic, and has who names the word wait wait.
type touchy struct{}

func (touchy) Fields() []string { return nil }

func (touchy) Decide(q Question) Verdict {
	text := fmt.Sprintf("%s%s%s", q.Channel, q.Patterns, q.Ext)
	switch {
	case strings.Contains(text, "panic"):
		panic("touched")
	case strings.Contains(text, "wait"):
		return Verdict{Ruling: Wait}
	}
	return Verdict{}
}

func (touchy) Ask(Question, func(Verdict)) {}

// faulty is a server whose faults are counted.
func faulty(t *testing.T, config string) (p *player, faults *int) {
	t.Helper()
	p, faults = newPlayer(t, ""), new(int)
	p.config.Authority = touchy{}
	p.config.Fault = func(any) { *faults++ }
	p.config.MaxAsks = 10
	if config != "" {
		p.run("config " + config)
	}
	return p, faults
}

// member is a new session with a subscription, whose first connect is over; its name is $N.
func (p *player) member(n int, pattern string) {
	p.run("post 1 program\n" + `{"channel":"/meta/handshake"}`)
	p.run("post 1\n" + p.connect(n))
	p.run("post 1\n" + p.subscribe(n, pattern))
}

func (p *player) connect(n int) string {
	return fmt.Sprintf(`{"channel":"/meta/connect","connectionType":"long-polling","clientId":"$%d"}`, n)
}

func (p *player) subscribe(n int, pattern string) string {
	return fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":"$%d","subscription":%q}`, n, pattern)
}

func (p *player) publish(n int, channel string) string {
	return fmt.Sprintf(`{"channel":%q,"clientId":"$%d","data":1}`, channel, n)
}

// session is the record of $N.
func (p *player) session(n int) *session {
	return p.server.sessions.find(p.address(fmt.Sprintf("$%d", n)))
}

// unharmed checks that nothing is left half changed, after so many faults.
func (p *player) unharmed(faults, want int) {
	p.t.Helper()
	if err := Invariants(p.server); err != nil {
		p.t.Error(err)
	}
	if faults != want {
		p.t.Errorf("%d faults, want %d", faults, want)
	}
}

// faults runs a command after which a session is half changed until the next flush.
func (p *player) faults(line string) string {
	words := strings.Fields(line)
	return p.command(words[0], words[1:], "") + p.print()
}

// expectIn checks that an output has some texts.
func (p *player) expectIn(out string, texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if !strings.Contains(out, text) {
			p.t.Errorf("%q is not in\n%s", text, out)
		}
	}
}

// A batch that panics when it goes on closes its websocket. Nothing is left of it: no backlog, no interest, and the session
// that it was for goes on and expires.
func TestFaultInParkedBatch(t *testing.T) {
	for name, c := range map[string]struct{ batch, behind, answer string }{
		"after the past":      {`[` + "SUBSCRIBE" + `,PANIC]`, `[FINE]`, "joined 1"},
		"after a verdict":     {`[WAIT,PANIC]`, `[FINE]`, "resume 1 allow"},
		"behind it":           {`[WAIT]`, `[FINE],[PANIC],[FINE]`, "resume 1 allow"},
		"behind what it left": {`[WAIT]`, `[WAIT,PANIC],[FINE]`, "resume 1 allow;resume 2 allow"},
	} {
		t.Run(name, func(t *testing.T) {
			p, faults := faulty(t, "rule=/h/**,history=10")
			p.member(1, "/a")
			full := strings.NewReplacer("SUBSCRIBE", p.subscribe(1, "/h/x"), "PANIC", p.publish(1, "/panic"), "FINE", p.publish(1, "/fine"),
				"WAIT", p.publish(1, "/wait"))
			p.run("post 9 type=websocket\n" + full.Replace(c.batch))
			for _, batch := range strings.SplitAfter(c.behind, "],") {
				p.run("post 9 type=websocket\n" + full.Replace(strings.TrimSuffix(batch, ",")))
			}
			if !p.server.Waits(requestTo("9")) {
				t.Fatal("nothing waits")
			}
			out := ""
			for _, answer := range strings.Split(c.answer, ";") {
				out = p.run(answer)
			}
			p.expectIn(out, "abort 9")
			p.unharmed(*faults, 1)
			if p.server.Waits(requestTo("9")) || len(p.server.joins)+len(p.server.parked) > 0 || p.session(1).tables.has(inBacklogs) {
				t.Errorf("left: joins %v, parked %v, tables %b", p.server.joins, p.server.parked, p.session(1).tables)
			}
			p.expectIn(p.run("post 10 type=websocket\n"+p.publish(1, "/fine")), `"successful":true`)
			p.run("tick 60s")
			p.expectIn(p.run("state"), "sessions 0")
		})
	}
}

// An event-stream without Bayeux that panics when it goes on takes its session with it.
func TestFaultInParkedEvents(t *testing.T) {
	p, faults := faulty(t, "")
	p.run("events 3\n" + `["/wait"]`)
	p.server.cfg.Crowded = func() bool { panic("touched") }
	p.expectIn(p.run("resume 1 allow"), "abort 3")
	p.unharmed(*faults, 1)
	p.expectIn(p.run("state"), "sessions 0")
}

// News of losses that a reply was to tell are told again if there is no reply.
func TestFaultKeepsLosses(t *testing.T) {
	p, _ := faulty(t, "queue-messages=1")
	p.member(1, "/a")
	for n := range 3 {
		p.run(fmt.Sprintf("deliver /a %d", n))
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		p.run("post 4\n[" + p.connect(1) + "," + p.publish(1, "/panic") + "]")
	}()
	p.fx.Reset()
	p.expectIn(p.run("post 5\n"+p.connect(1)), `"dropped"`)
}

// damage makes the answer to a session's held connect panic.
func (p *player) damage(n int) { p.session(n).heldID.n = 100 }

// A session whose poll cannot be answered is cut off, and the others of the same tick, flush or drain are answered.
func TestFaultOfOneSession(t *testing.T) {
	for name, command := range map[string]string{"tick": "tick 31s", "flush": "flush", "drain": "drain 1s"} {
		t.Run(name, func(t *testing.T) {
			p, faults := faulty(t, "")
			for n := 1; n <= 3; n++ {
				p.member(n, "/a")
				p.run(fmt.Sprintf("post 2%d\n%s", n, p.connect(n)))
			}
			if name == "flush" {
				p.run("deliver /a 1")
			}
			p.damage(2)
			out := p.faults(command) + p.run("flush")
			p.expectIn(out, "reply 21", "reply 23", "abort 22")
			p.unharmed(*faults, 2) // when it is answered, and when it is ended
			p.expectIn(p.run("state"), "sessions 2 held 0")
		})
	}
}

// An event that one session cannot take reaches the others, and so does the news of what was written.
func TestFaultOfOneSubscriber(t *testing.T) {
	p, faults := faulty(t, "rule=/h/**,history=10")
	for n := 1; n <= 3; n++ {
		p.member(n, "/x")
		p.server.fanout.Subscribe(p.address(fmt.Sprintf("$%d", n)).Slot, []byte("/h/a"))
		p.run(fmt.Sprintf("post 2%d\n%s", n, p.connect(n)))
	}
	p.session(2).tables.set(inReplays, true) // there is none
	p.faults("numbered /h/a 5 1")
	out := p.run("flush")
	p.expectIn(out, "reply 21", "reply 23", "/meta/disconnect", "reply 22")
	p.unharmed(*faults, 1)
	p.expectIn(p.run("state"), "sessions 2 held 0")
}

// So it is where events come at most so often, and with what a pause has kept.
func TestFaultOfAPacedSubscriber(t *testing.T) {
	p, faults := faulty(t, "rule=/h/**,history=10,rate=2/s")
	for n := 1; n <= 3; n++ {
		p.member(n, "/x")
		p.server.fanout.Subscribe(p.address(fmt.Sprintf("$%d", n)).Slot, []byte("/h/a"))
		p.run(fmt.Sprintf("post 2%d\n%s", n, p.connect(n)))
	}
	p.session(2).tables.set(inReplays, true) // there is none
	p.faults("numbered /h/a 5 1")
	p.expectIn(p.run("flush"), "reply 21", "reply 23", "reply 22", "/meta/disconnect")
	p.run("written $1")
	p.run("written $3")
	p.run("numbered /h/a 6 2")
	p.run("post 31\n" + p.connect(1))
	p.run("post 33\n" + p.connect(3))
	p.session(1).tables.set(inReplays, true)
	p.faults("tick 1s")
	p.expectIn(p.run("flush"), "reply 31", "reply 33", "/meta/disconnect")
	p.unharmed(*faults, 2)
	p.expectIn(p.run("state"), "sessions 1 held 0")
}

// So it is with the news of what was written.
func TestFaultOfAReport(t *testing.T) {
	p, faults := faulty(t, "")
	for n := 1; n <= 2; n++ {
		p.member(n, "/a")
		p.run(fmt.Sprintf("post 2%d\n%s", n, p.connect(n)))
	}
	p.run("deliver /a 1")
	p.run("flush")
	p.session(1).tables.set(inReplays, true)
	p.faults("written $1")
	p.faults("written $2")
	p.run("flush")
	p.unharmed(*faults, 1)
	p.expectIn(p.run("state"), "sessions 1 held 0")
}

// Where nobody wants to be told of faults, they come out.
func TestFaultsComeOut(t *testing.T) {
	p, _ := faulty(t, "")
	p.config.Fault = nil
	p.member(1, "/a")
	p.run("post 2\n" + p.connect(1))
	p.damage(1)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	p.run("tick 31s")
}

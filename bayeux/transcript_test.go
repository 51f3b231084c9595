package bayeux

import (
	"bytes"
	"flag"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/message"
	"halley/bayeux/queue"
	"halley/bayeux/reply"
	"halley/bayeux/rules"
)

var rewrite = flag.Bool("rewrite", false, "write what the transcripts' commands print into the files")

// TestTranscripts runs the conversations of testdata. A file is a sequence of
//
//	command arguments
//	input lines
//	----
//	output lines
//	(an empty line)
//
// with # comments between. The commands are those of player.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { play(t, file) })
	}
}

func play(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := newPlayer(t, file)
	var out strings.Builder
	for _, part := range strings.Split(strings.TrimRight(string(text), "\n"), "\n\n") {
		if strings.HasPrefix(part, "#") {
			fmt.Fprintf(&out, "%s\n\n", part)
			continue
		}
		input, want, _ := strings.Cut(part+"\n", "----\n")
		got := p.run(strings.TrimSuffix(input, "\n"))
		if !*rewrite && got != want {
			t.Errorf("%s\n----\ngot:\n%swant:\n%s", input, got, want)
		}
		fmt.Fprintf(&out, "%s----\n%s\n", input, got)
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(strings.TrimRight(out.String(), "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// player runs commands against a Server and prints its effects:
//
//	config NAME=VALUE…     before anything else; see configure
//	post [REQUEST] [type=T] [browser=B] [program]   handle the input as request REQUEST
//	deliver CHANNEL DATA   an event from another loop
//	missed PATTERN         messages of it may not have come
//	tick DURATION          let time pass, by the wheel's ticks
//	flush                  answer held connects that events wait for
//	gone REQUEST SESSION   the connection of a held connect closed
//	written SESSION [UPTO], bounced SESSION [UPTO]   what became of a reply, the last numbered one
//	numbered CHANNEL NUMBER DATA          one that the store has numbered
//	joined TICKET [FAILURE], with a line for each entry: channel, number, data
//	recalled TICKET [upto=NUMBER] [missed=PATTERN] likewise; joined takes upto, too
//	published TICKET [FAILURE]
//	open REQUEST SESSION   an event-stream of a session
//	events REQUEST [AFTER]         one of the patterns in the input
//	disconnect SESSION     from the server's side
//	authority VERDICT      what it says from now on; see readVerdict
//	resume TICKET VERDICT
//	drain DURATION
//	state                  sessions and queues
//	outlet SESSION         its outlet, the timer that runs, and what is known of its last events
//
// clientIds are printed, and may be written, as $1, $2, … in order of appearance. A
// session whose clientId nobody knows is written by its slot.
type player struct {
	t       *testing.T
	server  *Server
	config  Config
	now     int64
	fx      Effects
	ids     []string
	last    map[Address]uint32 // number up to which the last reply went
	asked   map[Ticket]Effect  // Joins and Reads
	verdict Verdict
}

// ages is a duration that no test outlives.
const ages = 1 << 40 * time.Millisecond

func testConfig() Config {
	random := rand.NewChaCha8([32]byte{1})
	return Config{
		Timing:      Timing{Hold: 30 * time.Second, MaxInterval: 15 * time.Second, PollsPerBrowser: 1},
		QueueLimits: QueueLimits{QueueMessages: 100, QueueBytes: 1 << 16, ReplyBytes: 1 << 18},
		Limits: Limits{
			MaxSessions: 100, MaxSubscriptions: 5,
			Channel: channel.Limits{MaxLength: 64, MaxSegments: 5},
			Scanner: message.Scanner{MaxDepth: 20, MaxMessages: 20},
		},
		MultiInterval: 2 * time.Second,
		MaxAsks:       2,
		MaxAhead:      1 << 10,
		Browsers:      make(countedBrowsers),
		Random:        func(p []byte) { random.Read(p) },
	}
}

type countedBrowsers map[uint64]int

func (b countedBrowsers) Hold(browser uint64) int { b[browser]++; return b[browser] }
func (b countedBrowsers) Release(browser uint64)  { b[browser]-- }
func (b countedBrowsers) Named(name []byte) uint64 {
	return uint64(crc32.ChecksumIEEE(name)) | 1<<32
}

func newPlayer(t *testing.T, _ string) *player {
	return &player{t: t, config: testConfig(), now: 1_000_000, last: make(map[Address]uint32), asked: make(map[Ticket]Effect)}
}

// Decide lets a transcript's authority say yes, no or wait.
func (p *player) Decide(Question) Verdict { return p.verdict }

// Fields and Ask make it an Authority: it wants no field, and resume brings the answer.
func (p *player) Fields() []string            { return nil }
func (p *player) Ask(Question, func(Verdict)) {}

// readVerdict reads allow, deny or wait with any of reason=WORD, advice=RECONNECT,
// claims=TEXT and expiry=DURATION, from now on.
func (p *player) readVerdict(args []string) (v Verdict) {
	v.Ruling = map[string]Ruling{"allow": Allow, "deny": Deny, "wait": Wait}[args[0]]
	for _, arg := range args[1:] {
		switch name, value, _ := strings.Cut(arg, "="); name {
		case "reason":
			v.Reason = value
		case "advice":
			v.Advice.Reconnect = map[string]reply.Reconnect{"retry": reply.Retry, "handshake": reply.Handshake, "none": reply.None}[value]
		case "claims":
			v.Claims = value
		case "expiry":
			d, _ := time.ParseDuration(value)
			v.Expiry = p.now + d.Milliseconds()
		}
	}
	return v
}

func (p *player) run(input string) string {
	first, body, _ := strings.Cut(input, "\n")
	args := strings.Fields(first)
	for strings.HasPrefix(first, "#") {
		first, body, _ = strings.Cut(body, "\n")
		args = strings.Fields(first)
	}
	if args[0] == "config" {
		p.configure(args[1:])
		return ""
	}
	if p.server == nil {
		p.server = NewServer(p.config, p.now)
	}
	extra := p.command(args[0], args[1:], body)
	if err := Invariants(p.server); err != nil {
		p.t.Errorf("%s\n%v", input, err)
	}
	return p.print() + extra
}

func (p *player) command(name string, args []string, body string) (extra string) {
	s, fx := p.server, &p.fx
	switch name {
	case "post":
		return p.post(args, body)
	case "deliver":
		s.Deliver(p.now, event.New([]byte(args[0]), []byte(strings.Join(args[1:], " ")), false))
	case "tick":
		return p.tick(args[0])
	case "missed":
		for from, more := uint32(0), true; more; {
			from, more = s.Missed(from, args[0], 1)
		}
	case "behind":
		s.Behind(args[0] == "yes")
	case "flush":
		for s.Flush(p.now, 1, fx) {
		}
	case "gone":
		s.Report(p.now, &Report{Kind: Gone, Session: p.address(args[1]), To: requestTo(args[0])}, nil)
	case "written":
		s.Report(p.now, &Report{Kind: Written, Session: p.address(args[0]), Upto: p.upto(args)}, nil)
	case "bounced":
		s.Report(p.now, &Report{Kind: Bounced, Session: p.address(args[0]), Upto: p.upto(args)}, nil)
	case "open":
		p.server.Open(p.now, Request{To: requestTo(args[0])}, []byte(p.expand(args[1])), fx)
	case "events":
		p.server.OpenEvents(p.now, Request{To: requestTo(args[0])}, []byte(body), Cursor{After: p.after(args[1:])}, fx)
	case "disconnect":
		return fmt.Sprintf("%v\n", s.Disconnect(p.now, p.address(args[0]), fx))
	case "authority":
		p.verdict = p.readVerdict(args)
	case "resume":
		verdict := p.readVerdict(args[1:])
		s.Report(p.now, &Report{Kind: Decided, Ticket: ticket(args[0]), Verdict: &verdict}, fx)
	case "joined":
		s.Report(p.now, &Report{Kind: Joined, Ticket: ticket(args[0]), Past: p.remembered(args, body)}, fx)
	case "recalled":
		s.Report(p.now, &Report{Kind: Recalled, Session: p.asked[ticket(args[0])].Session, Ticket: ticket(args[0]), Past: p.remembered(args, body)}, fx)
	case "numbered":
		id, _ := strconv.ParseInt(args[1], 10, 64)
		s.Deliver(p.now, event.New([]byte(args[0]), []byte(strings.Join(args[2:], " ")), false).Numbered(id))
	case "published":
		s.Report(p.now, &Report{Kind: Stored, Ticket: ticket(args[0]), Failure: strings.Join(args[1:], " ")}, fx)
	case "reconfigure":
		p.config.Rules = nil
		p.configure(args)
		s.Reconfigure(Running{p.config.Rules, p.config.MaxSessions, p.config.MaxSubscriptions, p.config.Timing, p.config.QueueLimits})
	case "let-go":
		s.LetGo(p.now, p.address(args[0]), fx)
	case "let-go-of":
		s.LetGoOf(p.now, p.address(args[0]), requestTo(args[1]), fx)
	case "node-gone":
		for from, more := uint32(0), true; more; {
			from, more = s.NodeGone(p.now, requestTo(args[0]).Node, from, 1, fx)
		}
	case "drain":
		d, _ := time.ParseDuration(args[0])
		s.Drain(p.now, d.Milliseconds(), 100, fx)
	case "state":
		return p.state()
	case "outlet":
		return p.outlet(args[0])
	default:
		p.t.Fatalf("unknown command %q", name)
	}
	return ""
}

// upto is the number of the reply whose fate is told: the last, or that in args.
func (p *player) upto(args []string) uint32 {
	if len(args) == 1 {
		return p.last[p.address(args[0])]
	}
	n, _ := strconv.Atoi(args[1])
	return uint32(n)
}

func ticket(arg string) Ticket {
	n, _ := strconv.Atoi(arg)
	return Ticket(n)
}

// remembered makes an entry of each line of body, a channel, a number and data; args
// are a ticket and, if there are any, where a part ends, what was missed or a failure.
func (p *player) remembered(args []string, body string) *history.Remembered {
	past := new(history.Remembered)
	for _, w := range p.asked[ticket(args[0])].Wanted {
		if w.Replay {
			past.Replays = append(past.Replays, w)
		}
	}
	for _, arg := range args[1:] {
		switch name, value, _ := strings.Cut(arg, "="); name {
		case "upto":
			past.Upto, _ = strconv.ParseInt(value, 10, 64)
		case "missed":
			past.Missed = append(past.Missed, value)
		default:
			past.Failure = strings.TrimSpace(past.Failure + " " + arg)
		}
	}
	for _, line := range strings.Split(body, "\n") {
		name, rest, _ := strings.Cut(line, " ")
		number, data, ok := strings.Cut(rest, " ")
		if !ok {
			continue
		}
		id, _ := strconv.ParseInt(number, 10, 64)
		past.Entries = append(past.Entries, history.Entry{ID: id, Channel: name,
			Event: string(event.New([]byte(name), []byte(data), false).Numbered(id))})
	}
	return past
}

// after is the cursor of an event-stream, nil if args has none.
func (p *player) after(args []string) []byte {
	if len(args) == 0 {
		return nil
	}
	return []byte(args[0])
}

func (p *player) configure(args []string) {
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		n, _ := strconv.ParseInt(value, 10, 64)
		switch name {
		case "queue-messages":
			p.config.QueueMessages = int(n)
		case "queue-bytes":
			p.config.QueueBytes = int(n)
		case "reply-bytes":
			p.config.ReplyBytes = int(n)
		case "max-sessions":
			p.config.MaxSessions = int(n)
		case "max-subscriptions":
			p.config.MaxSubscriptions = int(n)
		case "max-message":
			p.config.MaxMessage = int(n)
		case "interval":
			p.config.Interval = time.Duration(n) * time.Millisecond
		case "hold":
			p.config.Hold = time.Duration(n) * time.Millisecond
		case "slow":
			p.config.Slow = queue.Policy(value)
		case "hosts":
			p.config.Hosts = strings.Split(value, ",")
		case "lenient":
			p.config.LenientHandshake = true
		case "authority":
			p.config.Authority = p
		case "salesforce":
			p.config.Profile = Salesforce
		case "timestamp":
			p.config.Timestamp = true
		case "max-inactivity":
			p.config.MaxInactivity = time.Duration(n) * time.Millisecond
		case "routers":
			p.config.Routers = &knownRouters{marks: value == "mark"}
		case "echo-service":
			p.config.EchoService = true
		case "durable":
			p.config.Durable = true
		case "announced":
			p.config.Announced = true
		case "congested":
			p.config.Congested = func() bool { return true }
		case "rule":
			rule, err := rules.Parse(strings.ReplaceAll(value, ",", " "), p.config.Channel)
			if err != nil {
				p.t.Fatal(err)
			}
			p.config.Rules = append(p.config.Rules, rule)
		default:
			p.t.Fatalf("unknown setting %q", name)
		}
	}
}

func requestTo(arg string) ReplyTo {
	n, _ := strconv.Atoi(arg)
	return ReplyTo{Node: uint16(n / 1000), Conn: uint32(n)} // those from 1000 on are on other nodes
}

func (p *player) post(args []string, body string) string {
	req := Request{}
	for _, arg := range args {
		name, value, named := strings.Cut(arg, "=")
		switch {
		case !named && arg != "program":
			req.To = requestTo(arg)
		case name == "type":
			req.Type, _ = parseConnectionType([]byte(value))
		case name == "program":
			req.Program = true
		case name == "browser":
			req.Browser, _ = strconv.ParseUint(value, 10, 64)
		}
	}
	var batch message.Batch
	if err := p.config.Scanner.Scan([]byte(p.expand(body)), &batch); err != nil {
		return fmt.Sprintf("scan: %v\n", err)
	}
	p.server.Handle(p.now, req, &batch, &p.fx)
	return ""
}

func (p *player) tick(arg string) string {
	d, err := time.ParseDuration(arg)
	if err != nil {
		p.t.Fatal(err)
	}
	var out strings.Builder
	for end := p.now + d.Milliseconds(); p.now < end; {
		p.now += wheelTick
		p.server.Tick(p.now, &p.fx)
		out.WriteString(p.print())
	}
	return out.String()
}

// expand replaces $1, $2, … by clientIds.
func (p *player) expand(text string) string {
	for i := len(p.ids); i > 0; i-- {
		text = strings.ReplaceAll(text, "$"+strconv.Itoa(i), p.ids[i-1])
	}
	return text
}

var clientIDs = regexp.MustCompile(fmt.Sprintf(`000000[0-9a-v]{%d}`, ClientIDLen-6))

// shorten replaces clientIds by $1, $2, ….
func (p *player) shorten(text string) string {
	return clientIDs.ReplaceAllStringFunc(text, func(id string) string {
		for i, known := range p.ids {
			if known == id {
				return "$" + strconv.Itoa(i+1)
			}
		}
		p.ids = append(p.ids, id)
		return "$" + strconv.Itoa(len(p.ids))
	})
}

func (p *player) address(name string) Address {
	if slot, err := strconv.ParseUint(name, 10, 32); err == nil {
		return p.server.sessions.address(uint32(slot))
	}
	a, ok := ParseClientID([]byte(p.expand(name)))
	if !ok {
		p.t.Fatalf("no session %q", name)
	}
	return a
}

// print tells the effects, one a line, and empties them.
func (p *player) print() string {
	var out bytes.Buffer
	for i := range p.fx.List {
		e := &p.fx.List[i]
		switch e.Kind {
		case Reply:
			p.printReply(&out, e)
		case Hold:
			fmt.Fprintf(&out, "hold %d\n", e.To.Conn)
		case Close:
			fmt.Fprintf(&out, "close %d\n", e.To.Conn)
		case Abort:
			fmt.Fprintf(&out, "abort %d\n", e.To.Conn)
		case Abandon:
			fmt.Fprintf(&out, "abandon %d\n", e.To.Conn)
		case Stream, Deliver:
			p.printStream(&out, e)
		case EndStream:
			fmt.Fprintf(&out, "end stream %d\n", e.To.Conn)
		case Refuse:
			fmt.Fprintf(&out, "refuse %d: %d %s\n", e.To.Conn, e.Status, p.fx.Messages(e))
		case Publish, Sequence, Pass:
			fmt.Fprintf(&out, "publish %s", e.Event)
			if e.Kind == Pass {
				fmt.Fprintf(&out, " passed")
			}
			if e.Kind == Sequence {
				fmt.Fprintf(&out, " sequenced")
			}
			if e.Ticket != 0 {
				fmt.Fprintf(&out, " ticket %d", e.Ticket)
			}
			out.WriteByte('\n')
		case Join, Recall:
			p.asked[e.Ticket] = *e
			fmt.Fprintf(&out, "%s %d:", map[EffectKind]string{Join: "join", Recall: "read"}[e.Kind], e.Ticket)
			for _, w := range e.Wanted {
				fmt.Fprintf(&out, " %s", w.Pattern)
				if w.Replay {
					fmt.Fprintf(&out, " after %d", w.After)
				}
			}
			out.WriteByte('\n')
		case AddInterest:
			fmt.Fprintf(&out, "interest + %s\n", p.fx.Pattern(e))
		case RemoveInterest:
			fmt.Fprintf(&out, "interest - %s\n", p.fx.Pattern(e))
		case Guessed:
			fmt.Fprintf(&out, "guess %d\n", e.To.Conn)
		case Decide:
			q := e.Question
			fmt.Fprintf(&out, "ask %d: operation %d %s%s %s%s\n", e.Ticket, q.Operation, q.Channel, q.Patterns, q.Ext, q.Claims)
		}
	}
	p.fx.Reset()
	return p.shorten(out.String())
}

func (p *player) printReply(out *bytes.Buffer, e *Effect) {
	fmt.Fprintf(out, "reply %d", e.To.Conn)
	if e.Numbered {
		p.last[e.Session] = e.Upto
		fmt.Fprintf(out, " up to %d", e.Upto)
	}
	if e.Browser != 0 {
		out.WriteString(" new browser")
	}
	out.WriteByte('\n')
	var batch message.Batch
	body := append(append([]byte("["), p.fx.Messages(e)...), ']')
	scanner := message.Scanner{MaxDepth: 100, MaxMessages: 1000}
	if err := scanner.Scan(body, &batch); err != nil {
		p.t.Errorf("reply %s: %v", body, err)
	}
	for i := range batch.Messages {
		fmt.Fprintf(out, "  %s\n", batch.Messages[i].Raw)
	}
}

func (p *player) printStream(out *bytes.Buffer, e *Effect) {
	name := "stream"
	if e.Kind == Deliver {
		name = "deliver"
	}
	fmt.Fprintf(out, "%s %d %s", name, e.To.Conn, e.Type)
	if e.Numbered {
		p.last[e.Session] = e.Upto
		fmt.Fprintf(out, " up to %d", e.Upto)
	}
	if e.Anonymous {
		fmt.Fprintf(out, " anonymous")
	}
	if e.Gap {
		fmt.Fprintf(out, " gap")
	}
	out.WriteByte('\n')
	p.fx.Each(e, func(m []byte) { fmt.Fprintf(out, "  %s\n", m) })
}

func (p *player) state() string {
	var out strings.Builder
	st := p.server.Stats()
	fmt.Fprintf(&out, "sessions %d held %d\n", st.Sessions, st.Held)
	for _, i := range p.server.Sessions(p.now, 100) {
		fmt.Fprintf(&out, "%s %s held=%v queued=%d subscriptions=%d dropped=%d\n",
			p.shorten(i.ID), i.ConnectionType, i.Held, i.Queued, i.Subscriptions, i.Dropped)
	}
	return out.String()
}

var (
	timerNames = map[timer]string{expiry: "expiry", holdTime: "hold time", noTimer: "no timer"}
	phaseNames = map[deliveryPhase]string{idle: "nothing on its way", leaving: "leaving", unseen: "unseen", inFlight: "in flight"}
)

func (p *player) outlet(name string) string {
	r := p.server.sessions.find(p.address(name))
	if r == nil {
		return "gone\n"
	}
	return fmt.Sprintf("%s, %s, %s\n", r.outlet.state, timerNames[r.outlet.timer()], phaseNames[r.delivery.phase])
}

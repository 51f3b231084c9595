package order

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/history"
	"halley/bayeux/rules"
	"halley/loop/cluster/nats"
	"halley/loop/cluster/subject"
	"halley/loop/sequence"
	"halley/loop/settings"
	"halley/scripts/loopback"
)

// childOf is the variable by which this program is a node in a process of its own: its name, folder and address, and those of others.
const childOf = "HALLEY_TEST_ORDER"

// publishers are how many publish on each node, one message after the other.
const publishers = 4

// printer tells the parent what happens on a node, a line each.
type printer struct{ mu sync.Mutex }

func (p *printer) say(parts ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = os.Stdout.WriteString(fmt.Sprintln(parts...))
}

// Deliver implements sequence.Loops.
func (p *printer) Deliver(e event.Event, here bool) { p.say("D", e.ID(), textOf(string(e)), here) }

// Answer implements sequence.Loops.
func (p *printer) Answer(sequence.Query, history.Remembered) {}

// child is a node with publishers until its parent ends.
func child(given []string) {
	var s nats.Settings
	settings.Default(&s)
	s.Store, s.Listen, s.Peers = given[1], given[2], given[3:]
	w, err := nats.Open(s, 1<<16, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	rule, err := rules.Parse("/h/** history=100000", channel.Limits{MaxLength: 100, MaxSegments: 9})
	if err != nil {
		panic(err)
	}
	p := new(printer)
	local := sequence.New(sequence.Options{
		History: sequence.History{HistoryBytes: 64 << 20, HistoryExpired: history.Refused}, Queue: history.Part{Messages: 1000, Bytes: 1 << 20},
		Rules: rules.Rules{rule}, Fed: true, Now: func() int64 { return time.Now().UnixMilli() }, Loops: p, Log: slog.New(slog.DiscardHandler),
	})
	start := time.Now()
	l := New(local, local, w, Options{
		Prefix: string(subject.Of(s.Name)), Node: given[0], Stream: "HALLEY", Replicas: func() int { return 0 }, Window: time.Minute, Bytes: 64 << 20, Waiting: 1 << 20,
		Eldest: func() bool { return false }, Now: func() time.Time { return start.Add(time.Since(start)) }, Tokens: subject.Tokens, Log: slog.New(slog.DiscardHandler),
		Trouble: func(why string) { p.say("T", why) }, Missed: func(string) { p.say("M") },
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	for i := range publishers {
		go publishOn(ctx, l, p, fmt.Sprint(given[0], ".", i))
	}
	go func() {
		leader, live := "", false
		for ; ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
			if now := l.Leader(); now != leader {
				leader = now
				p.say("L", leader)
			}
			if !live && l.Ready() {
				live = true
				p.say("R")
			}
		}
	}()
	_ = l.Run(ctx)
	end, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	w.Close(end)
}

// publishOn publishes one message after the other, each until it is stored.
func publishOn(ctx context.Context, l *Log, p *printer, name string) {
	for n := 0; ctx.Err() == nil; n++ {
		text := fmt.Sprintf(`"%s.%d"`, name, n)
		for stored := false; !stored && ctx.Err() == nil; {
			result := make(chan error, 1)
			l.PublishTogether([]event.Event{newEvent("/h/"+name, text)}, []string{text}, func(err error) { result <- err })
			if err := <-result; err != nil {
				p.say("F", text, err)
				time.Sleep(50 * time.Millisecond)
				continue
			}
			stored = true
			p.say("A", text)
		}
		time.Sleep(publishers * 15 * time.Millisecond)
	}
}

// process is a node in a process of its own, and what it has told.
type process struct {
	cmd     *exec.Cmd
	in      io.Closer
	address string
	name    string
	done    chan struct{}

	mu     sync.Mutex
	lines  []string
	acked  []time.Time
	leader string
	live   bool // it has caught up, so that it delivers what comes
}

// start starts a node, which ends with the test at the latest.
func start(t *testing.T, name, dir string, addresses ...string) *process {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childOf+"="+strings.Join(append([]string{name, dir}, addresses...), ","))
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: c, in: in, address: addresses[0], name: name, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.hear(s.Text())
		}
	}()
	t.Cleanup(p.end)
	return p
}

func (p *process) hear(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line)
	switch kind, text, _ := strings.Cut(line, " "); kind {
	case "A":
		p.acked = append(p.acked, time.Now())
	case "L":
		p.leader = text
	case "R":
		p.live = true
	}
}

func (p *process) end() {
	_ = p.in.Close()
	<-p.done
	_ = p.cmd.Wait()
}

// kill ends a process as a power failure of it would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	p.end()
}

// of are the lines of a kind, without it.
func (p *process) of(kind string) (list []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.lines {
		if text, is := strings.CutPrefix(line, kind+" "); is {
			list = append(list, text)
		}
	}
	return list
}

// silence is the longest time without a publish that was told to be stored.
func (p *process) silence() (longest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := 1; i < len(p.acked); i++ {
		longest = max(longest, p.acked[i].Sub(p.acked[i-1]))
	}
	return longest
}

// await waits until something is so.
func await(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not %s", what)
		}
	}
}

// signal sends a process a signal.
func (p *process) signal(t *testing.T, s syscall.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Error(err)
	}
}

// leaderOf is the place of the node whose server leads the stream, as the others say.
func leaderOf(t *testing.T, nodes []*process) (at int) {
	t.Helper()
	await(t, "led by a node that lives", func() bool {
		votes := make(map[string]int)
		for _, p := range nodes {
			p.mu.Lock()
			votes[p.leader]++
			p.mu.Unlock()
		}
		at = slices.IndexFunc(nodes, func(p *process) bool {
			for leader, n := range votes {
				if n == len(nodes) && strings.HasSuffix(leader, p.address) {
					return true
				}
			}
			return false
		})
		return at >= 0
	})
	return at
}

// goOn waits until nodes have published some more.
func goOn(t *testing.T, nodes []*process) {
	t.Helper()
	counts := make([]int, len(nodes))
	for i, p := range nodes {
		counts[i] = p.acks()
	}
	for i, p := range nodes {
		await(t, p.name+" publishes again", func() bool { return p.acks() > counts[i]+40 })
	}
}

// acks is how many publishes were told to be stored.
func (p *process) acks() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.acked)
}

// publishes tells whether a node has caught up and published some. What is stored before that is remembered there, and told of by no
// line: when the only node dies that was to tell of it, nobody does.
func (p *process) publishes() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live && len(p.acked) > 40
}

// Three nodes publish 200 messages a second. The one whose server leads the stream is killed, and comes back. Then the leader is stopped
// for a while. Nothing that was told to be stored is lost or doubled, each publisher's messages are in order, all nodes deliver the
// same, and publishes go on. How soon is logged, since it is the machine's matter, too; that elections are quick is what TestElectionIsQuick holds.
func TestLeaderIsKilledAndStopped(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	t.Parallel()
	addresses, dirs := make([]string, 3), make([]string, 3)
	for i := range addresses {
		addresses[i], dirs[i] = loopback.Address(t), t.TempDir()
	}
	begin := func(i int, name string) *process {
		return start(t, name, dirs[i], append([]string{addresses[i]}, slices.Delete(slices.Clone(addresses), i, i+1)...)...)
	}
	var nodes []*process
	for i := range addresses {
		nodes = append(nodes, begin(i, fmt.Sprint("n", i)))
	}
	for _, p := range nodes {
		await(t, p.name+" publishes", p.publishes)
	}
	at := leaderOf(t, nodes)
	killed := nodes[at]
	killed.kill()
	left := slices.Delete(slices.Clone(nodes), at, at+1)
	goOn(t, left)
	again := begin(at, "again")
	await(t, "the killed node publishes again", again.publishes)
	all := append(slices.Clone(left), again)
	stopped := all[leaderOf(t, all)]
	stopped.signal(t, syscall.SIGSTOP)
	goOn(t, slices.DeleteFunc(slices.Clone(all), func(p *process) bool { return p == stopped }))
	stopped.signal(t, syscall.SIGCONT)
	goOn(t, all)
	for _, p := range all {
		p.end()
	}
	for _, p := range slices.DeleteFunc(left, func(p *process) bool { return p == stopped }) {
		t.Logf("%s: %d stored, %d refused or not known, the longest silence %v", p.name, p.acks(), len(p.of("F")), p.silence())
	}
	checkNodes(t, append(all, killed))
}

// about is what nodes have told of one message.
func about(nodes []*process, publisher string, n int) (told string) {
	text := fmt.Sprintf(`"%s.%d"`, publisher, n)
	for _, p := range nodes {
		p.mu.Lock()
		for i, line := range p.lines {
			if strings.Contains(line, text) {
				told += fmt.Sprintf("line %d of %d of %s: %s\n", i, len(p.lines), p.name, line)
			}
		}
		delivered := 0
		for _, line := range p.lines {
			if strings.HasPrefix(line, "D ") {
				if delivered++; delivered == 1 {
					told += fmt.Sprintf("first of %s: %s\n", p.name, line)
				}
			}
		}
		p.mu.Unlock()
	}
	return told
}

// checkNodes checks what nodes have delivered, and that it has all that was told to be stored.
func checkNodes(t *testing.T, nodes []*process) {
	t.Helper()
	byNumber, counts := make(map[int64]string), make(map[string]int)
	for _, p := range nodes {
		next := int64(0)
		for _, line := range p.of("D") {
			fields := strings.Fields(line)
			number := numberOf(fields[0])
			if next != 0 && number != next {
				t.Fatalf("%s has delivered %d and not %d", p.name, number, next)
			}
			next = number + 1
			if before, known := byNumber[number]; known && before != fields[1] {
				t.Fatalf("%s has %s as %d, another node %s", p.name, fields[1], number, before)
			}
			byNumber[number] = fields[1]
			if here := fields[2] == "true"; here != strings.HasPrefix(fields[1], `"`+p.name+".") {
				t.Fatalf("%s: %s", p.name, line)
			}
		}
		if missed := p.of("M"); len(missed) > 0 {
			t.Errorf("%s was told of gaps", p.name)
		}
	}
	numbers := make([]int64, 0, len(byNumber))
	for number := range byNumber {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	stored := make(map[string]bool)
	for _, number := range numbers {
		text, _ := strconv.Unquote(byNumber[number])
		at := strings.LastIndexByte(text, '.')
		if n, _ := strconv.Atoi(text[at+1:]); n != counts[text[:at]] {
			t.Fatalf("%d: %s stands where number %d of its publisher was to be\n%s", number, text, counts[text[:at]], about(nodes, text[:at], counts[text[:at]]))
		}
		counts[text[:at]]++
		stored[byNumber[number]] = true
	}
	for _, p := range nodes {
		for _, text := range p.of("A") {
			if !stored[text] {
				t.Errorf("%s of %s was told to be stored, and nobody has it", text, p.name)
			}
		}
	}
}

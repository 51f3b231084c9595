package wire

import (
	"fmt"
	"slices"
	"testing"
)

// A pattern takes the subjects that NATS says it takes.
func TestMatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, subject string
		want             bool
	}{
		{"a", "a", true}, {"a", "b", false}, {"a", "a.b", false}, {"a.b", "a", false}, {"*", "a", true}, {"*", "a.b", false},
		{"a.*", "a.b", true}, {"a.*", "a", false}, {"a.*.c", "a.b.c", true}, {"a.>", "a.b.c", true}, {"a.>", "a.b", true},
		{"a.>", "a", false}, {">", "a", true}, {">", "", false}, {"a.*", "a.", false},
	} {
		if got := Matches(tt.pattern, tt.subject); got != tt.want {
			t.Errorf("%s takes %s: %v", tt.pattern, tt.subject, got)
		}
	}
}

// Messages come to those who subscribe, in order, once for each subscription that matches, and not to who has sent them; what is
// lost, or sent while a node is cut off, does not come, and the node is told of the cut.
func TestMemory(t *testing.T) {
	t.Parallel()
	var net Network
	a, b := net.Join(), net.Join()
	var got []string
	note := func(name string) func(*Message) {
		return func(m *Message) { got = append(got, fmt.Sprintf("%s %s %s", name, m.Subject, m.Data)) }
	}
	end, err := b.Subscribe("x.>", note("b"))
	if err != nil {
		t.Fatal(err)
	}
	b.Watch(func(up bool) { got = append(got, fmt.Sprint(up)) })
	for _, subscribe := range []struct {
		wire    *Memory
		subject string
	}{{a, "x.>"}, {b, "x.1"}} {
		if _, err := subscribe.wire.Subscribe(subscribe.subject, note(subscribe.subject)); err != nil {
			t.Fatal(err)
		}
	}
	send := func(subject, data string) {
		if !a.Send(Message{Subject: subject, Data: []byte(data)}) {
			t.Error("not taken")
		}
	}
	send("x.1", "1")
	send("y", "2")
	b.Cut(true)
	send("x.1", "3")
	b.Cut(false)
	send("x.2", "4")
	net.Lose = func(_, _ *Memory, m *Message) bool { return string(m.Data) == "5" }
	send("x.2", "5")
	net.Deliver()
	end()
	send("x.2", "6")
	net.Deliver()
	if want := []string{"b x.1 1", "x.1 x.1 1", "false", "true", "b x.2 4"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, subject := range []string{"", "a..b", "a.>.b", "a."} {
		if _, err := a.Subscribe(subject, note("")); err == nil {
			t.Errorf("%q is taken", subject)
		}
	}
}

// Who sends what nobody subscribes to hears of it, if it wants an answer; what comes to a node that stands still waits.
func TestMemoryNobody(t *testing.T) {
	t.Parallel()
	var net Network
	a, b := net.Join(), net.Join()
	var got []string
	for _, m := range []*Memory{a, b} {
		if _, err := m.Subscribe("x", func(m *Message) { got = append(got, fmt.Sprintf("%s %v", m.Data, m.Nobody())) }); err != nil {
			t.Fatal(err)
		}
	}
	a.Send(Message{Subject: "y", Data: []byte("1")})
	a.Send(Message{Subject: "y", Data: []byte("2"), Reply: "x"})
	a.Send(Message{Subject: "x", Data: []byte("3"), Reply: "x"})
	b.Pause(true)
	net.Deliver()
	if want := []string{" true"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	b.Pause(false)
	net.Deliver()
	if want := []string{" true", "3 false"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

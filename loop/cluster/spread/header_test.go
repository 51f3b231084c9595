package spread

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"halley/bayeux/event"
	"halley/loop/cluster/subject"
	"halley/loop/cluster/wire"
)

// What is read is what was written, and everything that is cut short is refused.
func TestForms(t *testing.T) {
	t.Parallel()
	from := Origin{65535, math.MaxUint64}
	e := event.New([]byte("/a"), []byte(`1.10`), false)
	for _, n := range []numbered{
		{1, previous{}, e}, {2, previous{1, false}, e}, {1 << 62, previous{1<<62 - 1, true}, e},
	} {
		data := n.append(appendHead(nil, kindEvent, from))
		k, sender, rest, err := parseHead(data)
		got, err2 := parseNumbered(rest)
		if err != nil || err2 != nil || k != kindEvent || sender != from || got != n {
			t.Errorf("%+v came as %+v of %v, %v, %v", n, got, sender, err, err2)
		}
		if len(data)-len(e) > mostHead {
			t.Errorf("%d bytes before the event", len(data)-len(e))
		}
		for i := range len(data) {
			if _, _, rest, err := parseHead(data[:i]); err == nil {
				if got, err := parseNumbered(rest); err == nil {
					t.Errorf("%d bytes are %+v", i, got)
				}
			}
		}
	}
	d := digest{9, 3, 8, 1e9, flagAgain, []lastOf{{"/a", 4}, {"/b", 8}}}
	data := d.append(nil)
	if got, err := parseDigest(data); err != nil || !slices.Equal(got.list, d.list) || got.number != 9 || got.from != 3 || got.to != 8 || got.age != 1e9 || !got.has(flagAgain) || got.has(flagLeaves) {
		t.Errorf("%+v, %v", got, err)
	}
	for i := range len(data) {
		if got, err := parseDigest(data[:i]); err == nil {
			t.Errorf("%d bytes are %+v", i, got)
		}
	}
}

// What no node has sent is refused.
func TestMalformed(t *testing.T) {
	t.Parallel()
	text := `{"channel":"/a","data":1}`
	for name, data := range map[string][]byte{
		"no number": append(uints(0, 0), text...), "one before that comes after": append(uints(3, 3<<1), text...), "no event": append(uints(3, 0), "{}"...),
		"nothing": nil, "an endless number": bytes.Repeat([]byte{0xff}, 20),
	} {
		if n, err := parseNumbered(data); err == nil {
			t.Errorf("%s: %+v", name, n)
		}
	}
	for name, d := range map[string]digest{
		"from above to": {9, 5, 4, 0, 0, nil}, "to above the number": {3, 1, 4, 0, 0, nil}, "a channel above to": {9, 1, 4, 0, 0, []lastOf{{"/a", 5}}},
		"a channel at from": {9, 1, 4, 0, 0, []lastOf{{"/a", 1}}}, "no channel": {9, 1, 4, 0, 0, []lastOf{{"a", 2}}}, "no name": {9, 1, 4, 0, 0, []lastOf{{"", 2}}},
	} {
		if d, err := parseDigest(d.append(nil)); err == nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
	if d, err := parseDigest(uints(9, 1, 4, 0, 0, 1<<40)); err == nil {
		t.Errorf("very many channels: %+v", d)
	}

	w := newWorld()
	a, b := w.join(t, plain()), w.join(t, plain())
	b.want("/a")
	w.settle(a, b)
	space := subject.Of("x")
	to := []string{space.Channel("/a"), space.Digests(), space.DigestsOf(b.out.me.Node)}
	sent := uint64(0)
	for _, data := range []string{"", "x", strings.Repeat("x", 50), string(appendHead(nil, 99, a.out.me)), string(appendHead(nil, kindEvent, a.out.me)),
		string(appendHead(nil, kindDigest, a.out.me)), string(appendHead([]byte{}, kindProbe, a.out.me)), string(appendHead(nil, kindAnswer, a.out.me)), string(appendHead(nil, kindAsk, a.out.me))} {
		for _, subject := range to {
			a.wire.Send(wire.Message{Subject: subject, Data: []byte(data)})
			sent++
		}
	}
	w.settle(a, b)
	a.publish("/a", 1)
	w.settle(a, b)
	b.expect(t, []string{"/a 1"}, nil)
	if f := b.Figures(); f.Malformed != sent {
		t.Errorf("%d of %d were refused", f.Malformed, sent)
	}
}

// Whatever comes is refused, or is what a node would have written.
func FuzzMessage(f *testing.F) {
	n := numbered{2, previous{1, false}, event.New([]byte("/a"), []byte(`1`), false)}
	f.Add(n.append(appendHead(nil, kindEvent, Origin{1, 2})))
	d := digest{9, 3, 8, 1, 0, []lastOf{{"/a", 4}, {"/b", 8}}}
	f.Add(d.append(appendHead(nil, kindDigest, Origin{1, 2})))
	for _, k := range []kind{kindProbe, kindAnswer, kindAsk} {
		f.Add(append(appendHead(nil, k, Origin{1, 2}), uints(7, 8)...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		k, from, rest, err := parseHead(data)
		if err == nil && k == kindEvent {
			if n, err := parseNumbered(rest); err == nil && n.event.Channel() != "" {
				again, err := parseNumbered(n.append(nil))
				if err != nil || again != n {
					t.Errorf("%+v is read as %+v, %v", n, again, err)
				}
			}
		}
		if err == nil && k == kindDigest {
			if d, err := parseDigest(rest); err == nil {
				if again, err := parseDigest(d.append(nil)); err != nil || !slices.Equal(again.list, d.list) {
					t.Errorf("%+v is read as %+v, %v", d, again, err)
				}
			}
		}
		w := newWorld()
		b := w.join(t, plain())
		b.want("/**")
		w.settle(b)
		b.in.message(&wire.Message{Data: data})
		b.in.event(&wire.Message{Data: data}, true)
		b.in.event(&wire.Message{Data: data}, false)
		if got := len(b.in.origins); got > 1 || got == 1 && b.in.origins[from] == nil {
			t.Errorf("%d nodes are known of", got)
		}
	})
}

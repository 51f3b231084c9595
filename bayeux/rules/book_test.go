package rules

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/channel"
)

// A book says what its rules say, whatever it was asked before and has forgotten.
func TestBookSaysWhatItsRulesSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list Rules
		pattern := rapid.SampledFrom([]string{"/**", "/*", "/a/*", "/a/**", "/a", "/a/b", "/a/b/c"})
		option := rapid.SampledFrom([]string{"conflate", "rate=2/s", "history=5", "snapshot", "subscribe=none", "subscribe=any", "publish=any"})
		for range rapid.IntRange(0, 4).Draw(t, "rules") {
			rule, err := Parse(pattern.Draw(t, "pattern")+" "+option.Draw(t, "option"), limits)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, rule)
		}
		book := NewBook(list)
		for range rapid.IntRange(1, 20).Draw(t, "questions") {
			if rapid.IntRange(0, 9).Draw(t, "forget") == 0 {
				book.Forget()
			}
			name := []byte(rapid.SampledFrom([]string{"/a", "/b", "/a/b", "/a/c", "/a/b/c", "/a/*"}).Draw(t, "name"))
			if got, want := *book.Of(name), list.Of(name); got != want {
				t.Fatalf("%s: %+v, want %+v", name, got, want)
			}
		}
	})
}

// What a pattern may match counts, not only what the rules say of its own name.
func TestPatterns(t *testing.T) {
	book := NewBook(parsed(t, "/secret/** subscribe=none", "/secret/open subscribe=any", "/quotes/* snapshot", "/log history=10"))
	for _, c := range []struct {
		pattern                  string
		wildcard                 bool
		subscribable, remembered bool
	}{
		{"/a", false, true, false}, {"/a/*", true, true, false},
		{"/secret/a", false, false, false}, {"/secret/open", false, true, false}, {"/secret/*", true, false, false},
		{"/**", true, false, true}, {"/*", true, true, true},
		{"/quotes/A", false, true, true}, {"/quotes/*", true, true, true}, {"/quotes/**", true, true, true}, {"/quotes", false, true, false},
		{"/log", false, true, true},
	} {
		for range 2 { // asked anew and known
			if got := book.Subscribable([]byte(c.pattern), c.wildcard); got != c.subscribable {
				t.Errorf("%s: subscribable %t", c.pattern, got)
			}
			if got := book.Remembers([]byte(c.pattern)); got != c.remembered {
				t.Errorf("%s: remembered %t", c.pattern, got)
			}
		}
	}
}

// A wildcard needs a token for the sake of any channel that it may match.
func TestNeedsToken(t *testing.T) {
	book := NewBook(parsed(t, "/** subscribe=token", "/open/** subscribe=any", "/open/secret subscribe=token", "/shut/* subscribe=none"))
	for pattern, want := range map[string]bool{
		"/a": true, "/a/*": true, "/**": true, "/open/a": false, "/open/secret": true, "/open/*": true, "/open/a/*": false, "/shut/a": false,
	} {
		if got := book.NeedsToken([]byte(pattern), channel.IsWildcard([]byte(pattern))); got != want {
			t.Errorf("%s: %t", pattern, got)
		}
	}
}

// However many channels there are, a book remembers a bounded number of them; without
// rules it remembers none.
func TestBookIsBounded(t *testing.T) {
	book, plain := NewBook(parsed(t, "/a/* conflate")), NewBook(nil)
	for i := range 3 * maxKnown {
		name := fmt.Appendf(nil, "/a/%d", i)
		if !book.Of(name).Conflate || plain.Of(name).Conflate || plain.Of(name).Subscribe != Open {
			t.Fatalf("%s: %+v, %+v", name, book.Of(name), plain.Of(name))
		}
	}
	if len(book.known) > maxKnown || len(plain.known) != 0 {
		t.Errorf("%d and %d channels are remembered", len(book.known), len(plain.known))
	}
	if book.Forget(); len(book.known) != 0 || book.last != nil {
		t.Error("a book that was to forget remembers")
	}
}

// To ask again takes no memory.
func TestKnownChannelsTakeNoMemory(t *testing.T) {
	book := NewBook(parsed(t, "/a/* conflate"))
	names := [][]byte{[]byte("/a/b"), []byte("/a/c")}
	if n := testing.AllocsPerRun(100, func() {
		for _, name := range names {
			book.Of(name)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkBook(b *testing.B) {
	list := parsed(b, "/a/** rate=2/s", "/b/* conflate", "/c history=10", "/** publish=internal")
	names := make([][]byte, 100)
	for i := range names {
		names[i] = fmt.Appendf(nil, "/a/stock/S%d", i)
	}
	b.Run("worked-out", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			list.Of(names[i%len(names)])
		}
	})
	b.Run("known", func(b *testing.B) {
		book := NewBook(list)
		for i := 0; b.Loop(); i++ {
			book.Of(names[i%len(names)])
		}
	})
	b.Run("the-last", func(b *testing.B) {
		book := NewBook(list)
		for b.Loop() {
			book.Of(names[0])
		}
	})
}

package rules

import (
	"bytes"
	"fmt"
	"slices"
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
		subscribable, remembered bool
	}{
		{"/a", true, false}, {"/a/*", true, false},
		{"/secret/a", false, false}, {"/secret/open", true, false}, {"/secret/*", false, false},
		{"/**", false, true}, {"/*", true, true},
		{"/quotes/A", true, true}, {"/quotes/*", true, true}, {"/quotes/**", true, true}, {"/quotes", true, false},
		{"/log", true, true},
	} {
		for range 2 { // asked anew and known
			if got := book.Subscribable([]byte(c.pattern)); got != c.subscribable {
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
		if got := len(book.AppendGuarded(nil, []byte(pattern))) > 0; got != want {
			t.Errorf("%s: %t", pattern, got)
		}
	}
}

// A rule for the channels of one level says nothing of those below them: a pattern of several levels is what it would be for each
// channel that it matches.
func TestPatternsOfSeveralLevels(t *testing.T) {
	for _, c := range []struct {
		rules         []string
		pattern       string
		needs, closed bool
	}{
		{[]string{"/** subscribe=token", "/* subscribe=any"}, "/**", true, false},
		{[]string{"/** subscribe=none", "/* subscribe=any"}, "/**", false, true},
		{[]string{"/** subscribe=token", "/a/* subscribe=any"}, "/a/**", true, false},
		{[]string{"/a/** subscribe=none", "/a/* subscribe=any"}, "/a/**", false, true},
		{[]string{"/a/b/** subscribe=token", "/a/b/* subscribe=any"}, "/a/**", true, false},
		{[]string{"/** subscribe=token", "/a/** subscribe=any"}, "/a/**", false, false},
		{[]string{"/** subscribe=token", "/a/* subscribe=any"}, "/a/*", false, false},
	} {
		book := NewBook(parsed(t, c.rules...))
		if needs, closed := len(book.AppendGuarded(nil, []byte(c.pattern))) > 0, !book.Subscribable([]byte(c.pattern)); needs != c.needs || closed != c.closed {
			t.Errorf("%q, %s: needs a token %t, closed %t", c.rules, c.pattern, needs, closed)
		}
	}
}

// Whatever the rules, a pattern may be subscribed to freely if and only if all channels that it matches may.
func TestPatternsAreTheirChannels(t *testing.T) {
	var names [][]byte // two segments that rules have, and one that they have not, to a depth that none has
	for level := [][]byte{nil}; len(level[0]) < 8; {
		var next [][]byte
		for _, above := range level {
			for _, segment := range []string{"/a", "/b", "/x"} {
				next = append(next, append(bytes.Clone(above), segment...))
			}
		}
		names, level = append(names, next...), next
	}
	rapid.Check(t, func(t *rapid.T) {
		var list Rules
		pattern := rapid.SampledFrom([]string{"/**", "/*", "/a/*", "/a/**", "/a", "/a/b", "/a/b/*", "/a/b/**", "/b/**"})
		option := rapid.SampledFrom([]string{"subscribe=none", "subscribe=any", "subscribe=token"})
		for range rapid.IntRange(0, 5).Draw(t, "rules") {
			rule, err := Parse(pattern.Draw(t, "rule")+" "+option.Draw(t, "option"), limits)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, rule)
		}
		asked := []byte(pattern.Draw(t, "pattern"))
		var needs, closed bool
		for _, name := range names {
			if channel.Matches(asked, name) {
				needs = needs || list.Of(name).Subscribe == WithToken
				closed = closed || list.Of(name).Subscribe == Closed
			}
		}
		book := NewBook(list)
		if (len(book.AppendGuarded(nil, asked)) > 0) != needs || book.Subscribable(asked) == closed {
			t.Fatalf("%s: needs a token %t, closed %t", asked, needs, closed)
		}
	})
}

// Who is told who is on a channel needs the right to be there.
func TestPresenceNeedsTheRightToItsChannel(t *testing.T) {
	book := NewBook(parsed(t, "/team/** presence", "/team/a subscribe=token", "/team/b subscribe=none", "/other subscribe=token", "/presence/** publish=internal"))
	for _, c := range []struct {
		pattern, told, guarded string
		closed                 bool
	}{
		{"/presence/team/a", "/team/a", "[/team/a]", false}, {"/presence/team/b", "/team/b", "[]", true}, {"/presence/team/c", "/team/c", "[]", false},
		{"/presence/team/*", "/team/*", "[/team/*]", true}, {"/presence/**", "/**", "[/**]", true}, {"/presence/team/c/*", "/team/c/*", "[]", false},
		{"/presence/other", "", "[]", false}, {"/presence/*", "", "[]", false}, {"/presence", "", "[]", false}, {"/presences/team/a", "", "[]", false},
	} {
		pattern := []byte(c.pattern)
		told, guarded, closed := string(book.Told(pattern)), fmt.Sprintf("%s", book.AppendGuarded(nil, pattern)), !book.Subscribable(pattern)
		if told != c.told || guarded != c.guarded || closed != c.closed {
			t.Errorf("%s: told of %q, guarded %s, closed %t", c.pattern, told, guarded, closed)
		}
	}
	book = NewBook(parsed(t, "/** subscribe=token", "/team/** presence"))
	if got := fmt.Sprintf("%s", book.AppendGuarded(nil, []byte("/presence/team/a"))); got != "[/presence/team/a /team/a]" {
		t.Errorf("where everything is guarded: %s", got)
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

// The behaviours of rules are those of all channels that they name, and of others that they tell from these.
func TestBehaviours(t *testing.T) {
	t.Parallel()
	var got []string
	for _, b := range parsed(t, "/** snapshot", "/a/* history=5", "/a/b history=10m").Behaviours() {
		got = append(got, fmt.Sprint(b.History, b.Keep.Events, b.Keep.Age))
	}
	for _, want := range []string{"false 0 0", "true 5 0", "true 5 600000"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q has no %s", got, want)
		}
	}
}

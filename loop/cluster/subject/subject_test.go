package subject

import (
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"halley/bayeux/channel"
	"halley/loop/cluster/wire"
)

// Channels and patterns have the subjects that the package says, and these their channels and patterns.
func TestTokens(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, channel, pattern string }{
		{"/a", "a", "a"},
		{"/stock/US/IBM", "stock.US.IBM", "stock.US.IBM"},
		{"/stock/BRK.A", "stock.BRK%2EA", "stock.BRK%2EA"},
		{"/a b/c", "a%20b.c", "a%20b.c"},
		{"/a/*", "a.%2A", "a.*"},
		{"/a/**", "a.%2A%2A", "a.>"},
		{"/*", "%2A", "*"},
		{"/**", "%2A%2A", ">"},
		{"/a*/b*c", "a%2A.b%2Ac", "a%2A.b%2Ac"},
		{"/!#$()+-@_{~}/x", "!#$()+-@_{~}.x", "!#$()+-@_{~}.x"},
		{"/topic/X?a='>'", "topic.X?a='%3E'", "topic.X?a='%3E'"},
		{"/ü%", "%C3%BC%25", "%C3%BC%25"},
	} {
		if got := Tokens(tt.name); got != tt.channel {
			t.Errorf("%s has the tokens %s, want %s", tt.name, got, tt.channel)
		}
		if got := PatternTokens(tt.name); got != tt.pattern {
			t.Errorf("the pattern %s has the tokens %s, want %s", tt.name, got, tt.pattern)
		}
		if got, err := Channel(tt.channel); err != nil || got != tt.name {
			t.Errorf("%s is %s, %v, want %s", tt.channel, got, err, tt.name)
		}
		if got, err := Pattern(tt.pattern); err != nil || got != tt.name {
			t.Errorf("%s is the pattern %s, %v, want %s", tt.pattern, got, err, tt.name)
		}
	}
}

// Subjects of a cluster are those that all nodes of all versions use.
func TestSpace(t *testing.T) {
	t.Parallel()
	s := Of("eu.1")
	for got, want := range map[string]string{
		string(s):          "halley.eu%2E1",
		s.Node(65535):      "halley.eu%2E1.n.65535",
		s.Beats():          "halley.eu%2E1.b",
		s.Digests():        "halley.eu%2E1.d",
		s.DigestsOf(7):     "halley.eu%2E1.d.7",
		s.Channel("/a/b"):  "halley.eu%2E1.c.12.a.b",
		s.Channel("/a/*"):  "halley.eu%2E1.c.996.a.%2A",
		s.Pattern("/a/b"):  "halley.eu%2E1.c.12.a.b",
		s.Pattern("/a/*"):  "halley.eu%2E1.c.*.a.*",
		s.Pattern("/a/**"): "halley.eu%2E1.c.*.a.>",
		s.Pattern("/**"):   "halley.eu%2E1.c.*.>",
		s.Bucket(12):       "halley.eu%2E1.c.12.>",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for text, want := range map[string]uint32{"": 0x811c9dc5, "a": 0xe40c292c, "foobar": 0xbf9cf968} { // published vectors
		if got := fnv1a(text); got != want {
			t.Errorf("the hash of %q is %x, want %x", text, got, want)
		}
	}
}

// What no channel or pattern has made is none of either.
func TestNoTokens(t *testing.T) {
	t.Parallel()
	for _, tokens := range []string{
		"", ".", "a.", ".a", "a..b", "*.a", ">.a", "a.*.b", "a*", "%", "%2", "%2e", "%41", "%2F", "a%2", "a%2G", "%G2", "a b", "a/b", "a.\x7f", ".*", ".>", "a..>",
	} {
		if got, err := Channel(tokens); err == nil {
			t.Errorf("%q is the channel %q", tokens, got)
		}
		if got, err := Pattern(tokens); err == nil {
			t.Errorf("%q is the pattern %q", tokens, got)
		}
	}
	for _, tokens := range []string{"*", ">", "a.*", "a.>"} {
		if got, err := Channel(tokens); err == nil {
			t.Errorf("%q is the channel %q", tokens, got)
		}
	}
}

// names are those of channels, many of which patterns take, and some of which look like patterns.
func names() *rapid.Generator[string] {
	segment := rapid.OneOf(rapid.SampledFrom([]string{"a", "b", "*", "**"}), rapid.StringMatching(`[a-c !#$()*+\-.@_{~}]{1,3}`))
	return rapid.Custom(func(t *rapid.T) string {
		return "/" + strings.Join(rapid.SliceOfN(segment, 1, 4).Draw(t, "segments"), "/")
	})
}

// patterns are what may be subscribed to.
func patterns() *rapid.Generator[string] {
	return names().Filter(func(name string) bool {
		_, err := channel.Check([]byte(name), channel.Limits{})
		return err == nil
	})
}

// A subject with wildcards takes that of a channel where the pattern takes the channel, and its bucket takes every channel in it.
func TestMatchesAsChannels(t *testing.T) {
	t.Parallel()
	s := Of("x")
	rapid.Check(t, func(t *rapid.T) {
		pattern, name := patterns().Draw(t, "pattern"), names().Draw(t, "name")
		want := channel.Matches([]byte(pattern), []byte(name))
		if got := wire.Matches(s.Pattern(pattern), s.Channel(name)); got != want {
			t.Fatalf("%s takes %s: %t, want %t", s.Pattern(pattern), s.Channel(name), got, want)
		}
		if got := wire.Matches(PatternTokens(pattern), Tokens(name)); got != want {
			t.Fatalf("%s takes %s: %t, want %t", PatternTokens(pattern), Tokens(name), got, want)
		}
		if !wire.Matches(s.Bucket(BucketOf(name)), s.Channel(name)) {
			t.Fatalf("%s is not in bucket %d", s.Channel(name), BucketOf(name))
		}
		if back, err := Channel(Tokens(name)); err != nil || back != name {
			t.Fatalf("%s came back as %s, %v", name, back, err)
		}
		if back, err := Pattern(PatternTokens(pattern)); err != nil || back != pattern {
			t.Fatalf("the pattern %s came back as %s, %v", pattern, back, err)
		}
	})
}

// The longest name that is allowed has a subject that NATS takes, whatever its characters.
func TestMostChannel(t *testing.T) {
	t.Parallel()
	s := Of(strings.Repeat("n", 64))
	most := s.MostChannel()
	if n := len(s.Channel("/" + strings.Repeat("*", most-1))); n > longest || most < 1200 {
		t.Errorf("%d bytes of a subject, names of %d", n, most)
	}
}

// Channels spread evenly over the buckets: none of 1,024 has thrice as many as its share of names that differ by a number.
func TestBucketsAreEven(t *testing.T) {
	t.Parallel()
	var counts [Buckets]int
	for n := range 100 * Buckets {
		counts[BucketOf("/user/"+string(rune('a'+n%26))+strings.Repeat("x", n%7)+strconv.Itoa(n))]++
	}
	for bucket, n := range counts {
		if n > 300 || n < 30 {
			t.Errorf("bucket %d has %d names", bucket, n)
		}
	}
}

// Tokens of any text are refused, or those of one channel alone.
func FuzzChannel(f *testing.F) {
	for _, seed := range []string{"a.b", "a%2Eb", "a.%2A", "*", "a.>", "%", "a..b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, tokens string) {
		if name, err := Channel(tokens); err == nil && Tokens(name) != tokens {
			t.Errorf("%q is %q, whose tokens are %q", tokens, name, Tokens(name))
		}
		if pattern, err := Pattern(tokens); err == nil && PatternTokens(pattern) != tokens {
			t.Errorf("%q is the pattern %q, whose tokens are %q", tokens, pattern, PatternTokens(pattern))
		}
	})
}

// A subject is made in two allocations at most.
func TestAllocations(t *testing.T) {
	s := Of("x")
	n := 0
	if got := testing.AllocsPerRun(100, func() { n += len(s.Channel("/stock/US/IBM")) }); got > 2 {
		t.Errorf("%v allocations", got)
	}
}

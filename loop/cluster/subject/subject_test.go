package subject

import (
	"net/url"
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
		if got := patternTokens(tt.name); got != tt.pattern {
			t.Errorf("the pattern %s has the tokens %s, want %s", tt.name, got, tt.pattern)
		}
		if got := back(t, tt.channel); got != tt.name {
			t.Errorf("%s is %s, want %s", tt.channel, got, tt.name)
		}
	}
}

// patternTokens are those of a pattern, without what is before them in its subject.
func patternTokens(pattern string) string {
	list := strings.SplitN(Of("x").Pattern(pattern), ".", 5)
	return list[4]
}

// back is the channel of tokens, as others read escapes.
func back(t interface{ Fatal(...any) }, tokens string) (name string) {
	for token := range strings.SplitSeq(tokens, ".") {
		segment, err := url.PathUnescape(token)
		if err != nil {
			t.Fatal(err)
		}
		name += "/" + segment
	}
	return name
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
		if got := wire.Matches(patternTokens(pattern), Tokens(name)); got != want {
			t.Fatalf("%s takes %s: %t, want %t", patternTokens(pattern), Tokens(name), got, want)
		}
		if !wire.Matches(s.Bucket(BucketOf(name)), s.Channel(name)) {
			t.Fatalf("%s is not in bucket %d", s.Channel(name), BucketOf(name))
		}
		if got := back(t, Tokens(name)); got != name {
			t.Fatalf("%s came back as %s", name, got)
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

// Whatever a channel's name is, its tokens are such that NATS takes, and come back as the name.
func FuzzTokens(f *testing.F) {
	for _, seed := range []string{"/a.b", "/a%2Eb/*", "/ü", "/**", "/a b/>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !strings.HasPrefix(name, "/") || strings.Contains(name+"/", "//") {
			return // which is no channel
		}
		tokens := Tokens(name)
		if strings.ContainsAny(tokens, " *>\t\r\n") || strings.Contains("."+tokens+".", "..") || len(tokens) > 3*len(name) {
			t.Errorf("%q has the tokens %q", name, tokens)
		}
		if got := back(t, tokens); got != name {
			t.Errorf("%q came back as %q", name, got)
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

package rules

import (
	"slices"
	"strings"
	"testing"

	"halley/bayeux/channel"
	"halley/bayeux/history"
)

var limits = channel.Limits{MaxLength: 64, MaxSegments: 5}

// parsed reads rules.
func parsed(t testing.TB, lines ...string) (list Rules) {
	t.Helper()
	for _, line := range lines {
		rule, err := Parse(line, limits)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rule)
	}
	return list
}

func TestEachOption(t *testing.T) {
	for option, want := range map[string]Behaviour{
		"publish=any":      {Publish: Anybody},
		"publish=session":  {},
		"publish=internal": {Publish: ServerOnly},
		"publish=token":    {Publish: TokenOnly},
		"publish=key":      {Publish: KeyOnly},
		"subscribe=none":   {Subscribe: Closed},
		"subscribe=token":  {Subscribe: WithToken},
		"subscribe=any":    {},
		"conflate":         {Conflate: true},
		"key=symbol":       {Conflate: true, Key: "symbol"},
		"rate=4/s":         {Interval: 250, Keep: history.Keep{Paced: true}},
		"rate=0.001/s":     {Interval: 1_000_000, Keep: history.Keep{Paced: true}},
		"lazy=2s":          {Lazy: 2000},
		"presence":         {Presence: true},
		"snapshot":         {Snapshot: true, Keep: history.Keep{Snapshot: true}},
		"history=10":       {History: true, Keep: history.Keep{Events: 10}},
		"history=10m":      {History: true, Keep: history.Keep{Age: 600_000}},
	} {
		if got := parsed(t, "/a "+option).Of([]byte("/a")); got != want {
			t.Errorf("%s: %+v, want %+v", option, got, want)
		}
	}
}

// Of the rules that match a channel, the last wins for each option alone.
func TestLastRuleWins(t *testing.T) {
	list := parsed(t, "/** publish=internal rate=2/s", "/a/* publish=any", "/a/b rate=1/s history=5")
	for name, want := range map[string]Behaviour{
		"/b":   {Publish: ServerOnly, Interval: 500, Keep: history.Keep{Paced: true}},
		"/a/c": {Publish: Anybody, Interval: 500, Keep: history.Keep{Paced: true}},
		"/a/b": {Publish: Anybody, Interval: 1000, History: true, Keep: history.Keep{Events: 5, Paced: true}},
	} {
		if got := list.Of([]byte(name)); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestWhatIsNoRule(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "at least one option",
		"/a":                        "at least one option",
		"a conflate":                `rule "a conflate"`,
		"/*/b conflate":             "before its last segment",
		"/a* conflate":              "last segment alone",
		"/a/*** conflate":           "last segment alone",
		"/service/** publish=token": "no rule holds",
		"/meta/a subscribe=none":    "no rule holds",
		"/a other":                  `unknown option "other"`,
		"/a conflate=yes":           `unknown option "conflate=yes"`,
		"/a key=":                   "name of a field",
		"/a publish=none":           "publish=any, publish=session, publish=token, publish=key or publish=internal",
		"/a subscribe=some":         "subscribe=any, subscribe=token or subscribe=none",
		"/a rate=2":                 "rate=N/s",
		"/a rate=2/m":               "rate=N/s",
		"/a rate=0/s":               "rate=N/s",
		"/a rate=1001/s":            "rate=N/s",
		"/a lazy=0s":                "lazy=2s",
		"/a lazy=2h":                "lazy=2s",
		"/a history=0":              "history=N",
		"/a history=-5m":            "history=N",
		"/a conflate history":       "history=N",
	} {
		if _, err := Parse(text, limits); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// A slash at the end of a pattern means nothing, as at the end of a channel: the rule holds all the same.
func TestSlashAtTheEnd(t *testing.T) {
	if list := parsed(t, "/secret/ subscribe=none"); list.Of([]byte("/secret")).Subscribe != Closed {
		t.Error("the channel is open")
	}
}

func TestSequenced(t *testing.T) {
	for option, want := range map[string]bool{"publish=any": false, "lazy=1s": false, "conflate": true, "key=a": true,
		"rate=1/s": true, "snapshot": true, "history=1": true} {
		b := parsed(t, "/a "+option).Of([]byte("/a"))
		if b.Sequenced() != want || b.Remembered() != (b.Snapshot || b.History) {
			t.Errorf("%s: sequenced %t, remembered %t", option, b.Sequenced(), b.Remembered())
		}
	}
}

func TestSnapshots(t *testing.T) {
	rules := parsed(t, "/a/** snapshot", "/b conflate", "/a/b history=3 snapshot", "/** rate=1/s")
	if got := rules.Snapshots(); !slices.Equal(got, []string{"/a/**", "/a/b"}) {
		t.Errorf("%v", got)
	}
}

func TestWantTokens(t *testing.T) {
	for rule, want := range map[string]bool{"/a publish=any": false, "/a publish=token": true, "/a/* subscribe=token": true, "/a subscribe=none publish=key": false} {
		if got := parsed(t, "/b conflate", rule).WantTokens(); got != want {
			t.Errorf("%s: %t", rule, got)
		}
	}
}

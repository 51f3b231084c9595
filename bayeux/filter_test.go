package bayeux

import (
	"fmt"
	"strings"
	"testing"

	"halley/bayeux/event"
)

func TestParseFilter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`?Name='a'`:                             `[{Name a}]`,
		`?Name='San Francisco'&B=2`:             `[{Name San Francisco} {B 2}]`,
		`?a='x&y=z'&b='?'`:                      `[{a x&y=z} {b ?}]`,
		`?a=true&b=null&c=-1.5`:                 `[{a true} {b null} {c -1.5}]`,
		`?My_Field__c='ü'`:                      `[{My_Field__c ü}]`,
		`?a=''`:                                 `[{a }]`,
		`?` + strings.Repeat("a=1&", 9) + `b=2`: fmt.Sprint("[" + strings.Repeat("{a 1} ", 9) + "{b 2}]"),
		`?`:                                     "",
		`?a`:                                    "",
		`?a=`:                                   "",
		`?=b`:                                   "",
		`?a='b`:                                 "",
		`?a='b'c`:                               "",
		`?a='b'&`:                               "",
		`?a=b'c`:                                "",
		`?a.b='c'`:                              "",
		`?a b='c'`:                              "",
		`?a='"'`:                                "",
		`?a='\'`:                                "",
		"?a='\n'":                               "",
		`?&a=b`:                                 "",
		`?a='` + strings.Repeat("x", maxFilter) + `'`: "",
		`?` + strings.Repeat("a=1&", 10) + `b=2`:      "",
	} {
		got := ""
		if f := parseFilter(text); f != nil {
			got = fmt.Sprint(f.conditions)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestFilterMatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		filter, data string
		want         bool
	}{
		{`?Name='a'`, `{"sobject":{"Name":"a"}}`, true},
		{`?Name='a'`, `{"sobject":{"Name":"\u0061"}}`, true},
		{`?Name=a`, `{"sobject":{"Name":"a"}}`, true},
		{`?Name='a'`, `{"sobject":{"Name":"A"}}`, false},
		{`?Name='a'`, `{"sobject":{"name":"a"}}`, false},
		{`?Name='a'`, `{"Name":"a"}`, false},
		{`?Name='a'`, `{"sobject":[{"Name":"a"}]}`, false},
		{`?Name='a'`, `{"sobject":{"Name":["a"]}}`, false},
		{`?Name='a'`, `"a"`, false},
		{`?Name='a'&City='b'`, `{"sobject":{"Name":"x","City":"b"}}`, true},
		{`?Name='a'&City='b'`, `{"sobject":{"Name":"x","City":"y"}}`, false},
		{`?Age=40`, `{"sobject":{"Age":4e1}}`, true},
		{`?Age='40'`, `{"sobject":{"Age":40}}`, true},
		{`?Age=40`, `{"sobject":{"Age":41}}`, false},
		{`?Open=true`, `{"sobject":{"Open":true}}`, true},
		{`?Open=true`, `{"sobject":{"Open":false}}`, false},
		{`?Note=null`, `{"sobject":{"Note":null}}`, true},
	} {
		if got := parseFilter(tt.filter).matches(recordOf(tt.data)); got != tt.want {
			t.Errorf("%s of %s: %v", tt.filter, tt.data, got)
		}
	}
}

func recordOf(data string) *record {
	rec := readRecord(event.New([]byte("/topic/X"), []byte(data), false))
	return &rec
}

// A long record is read once, not for each session that filters it.
func TestRecordIsReadOnce(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, "")
	p.config.Profile = Salesforce
	p.server = NewServer(p.config, p.now)
	p.run("post 1\n" + `{"channel":"/meta/handshake"}`)
	r := p.server.sessions.At(0)
	p.server.noteFilter(0, r, []byte("/topic/X"), parseFilter(`?a=1`))
	e := event.New([]byte("/topic/X"), []byte(`{"sobject":{"b":"`+strings.Repeat("x", 25_600)+`"}}`), false)
	before := p.server.Worked()
	for range 100 {
		if _, wanted := p.server.sift(0, r, e); wanted {
			t.Fatal("it matches")
		}
	}
	if n := p.server.Worked() - before; n > 300 {
		t.Errorf("%d units for 100 sessions", n)
	}
	p.server.Trim(p.now)
	if p.server.record.of != "" {
		t.Error("the last record is kept")
	}
}

// Filters end with their session.
func TestFiltersEnd(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, "")
	p.config.Profile = Salesforce
	p.server = NewServer(p.config, p.now)
	p.run("post 1\n" + `{"channel":"/meta/handshake"}`)
	for slot := range uint32(1) {
		r := p.server.sessions.At(slot)
		p.server.noteFilter(slot, r, []byte("/topic/X"), parseFilter(`?a=1`))
		p.server.remove(slot, &p.fx)
	}
	if n := len(p.server.filters); n != 0 {
		t.Errorf("%d are left", n)
	}
}

// The rules of a topic hold for its filtered events, too, which have the filter in their
// channel's name.
func TestFilteredEventsConflate(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, "")
	p.configure([]string{"rule=/topic/X,conflate"})
	p.config.Profile = Salesforce
	p.server = NewServer(p.config, p.now)
	p.run("post 1\n" + `{"channel":"/meta/handshake"}`)
	e := event.New([]byte("/topic/X"), []byte(`{"sobject":{"a":1}}`), false)
	for _, e := range []event.Event{e, e.Filtered("?a=1")} {
		if p.server.keyFor(0, e) == nil {
			t.Errorf("%s does not conflate", e.Channel())
		}
	}
}

// As many filters as a message can have are read by their number: each is compared with
// none of the others.
func BenchmarkReadFilters(b *testing.B) {
	for _, count := range []int{500, 4000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			cfg := testConfig()
			cfg.Profile = Salesforce
			s := NewServer(cfg, 0)
			for b.Loop() {
				asked := subscription{}
				for i := range count {
					asked.patterns = append(asked.patterns, fmt.Appendf(nil, "/topic/t%d?A=1", i))
				}
				if failure := s.readFilters(&asked); failure.Failed() {
					b.Fatal(failure)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/filter")
		})
	}
}

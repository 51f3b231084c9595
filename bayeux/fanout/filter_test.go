package fanout

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
		if f := ParseFilter(text); f != nil {
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
		if got := ParseFilter(tt.filter).matches(recordOf(tt.data)); got != tt.want {
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
	f := newFanout(t, newFake())
	e := event.New([]byte("/topic/X"), []byte(`{"sobject":{"b":"`+strings.Repeat("x", 25_600)+`"}}`), false)
	before := f.work.Worked()
	for slot := range uint32(100) {
		f.SetFilter(slot, []byte("/topic/X"), ParseFilter(`?a=1`))
		if _, wanted := f.sift(slot, e); wanted {
			t.Fatal("it matches")
		}
	}
	if n := f.work.Worked() - before; n > 300 {
		t.Errorf("%d units for 100 sessions", n)
	}
	f.Trim(0, 1)
	if f.record.of != "" {
		t.Error("the last record is kept")
	}
}

// A filter holds until its session leaves the topic or ends.
func TestFiltersEnd(t *testing.T) {
	t.Parallel()
	f := newFanout(t, newFake())
	topic := []byte("/topic/X")
	for _, end := range []func(){func() { f.Unsubscribe(7, topic) }, func() { f.Leave(7, nil) }} {
		f.Subscribe(7, topic)
		f.SetFilter(7, topic, ParseFilter(`?a=1`))
		if f.Filter(7, topic).Text() != `?a=1` || f.Filter(6, topic) != nil {
			t.Errorf("filters %v, %v", f.Filter(7, topic), f.Filter(6, topic))
		}
		end()
		checkEmpty(t, f)
	}
}

// A session gets of a topic what its filter lets through, under the name with the filter.
// The topic's rules hold for it.
func TestFilteredDeliveries(t *testing.T) {
	t.Parallel()
	fake, got := newFake(), ""
	fake.give = func(slot uint32, d Delivery) { got += fmt.Sprintf("%d %s %s;", slot, d.Event.Channel(), d.Key) }
	f := newFanout(t, fake, "/topic/X conflate")
	for slot := range uint32(3) {
		f.Subscribe(slot, []byte("/topic/X"))
	}
	f.SetFilter(1, []byte("/topic/X"), ParseFilter(`?a=1`))
	f.SetFilter(2, []byte("/topic/X"), ParseFilter(`?a=2`))
	e := event.New([]byte("/topic/X"), []byte(`{"sobject":{"a":1}}`), false)
	if f.Offer(0, e); got != "0 /topic/X /topic/X;1 /topic/X?a=1 /topic/X?a=1;" {
		t.Errorf("given %s", got)
	}
	for _, e := range []event.Event{e, e.Filtered("?a=1")} {
		if f.Key(0, e) == nil {
			t.Errorf("%s does not conflate", e.Channel())
		}
	}
	if _, _, wanted := f.Past(2, e); wanted {
		t.Error("a filter lets through what it does not")
	}
}

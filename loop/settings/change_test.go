package settings

import (
	"slices"
	"testing"
	"time"
)

// What differs is told in words, and taken one by one; a secret is not told.
func TestChanges(t *testing.T) {
	type inner struct {
		Rules []string `name:"rule" type:"lines" reload:"yes"`
		Key   Secret   `name:"key"`
		Heads []string `name:"head" type:"lines" secret:"yes"`
	}
	type all struct {
		inner
		Inner inner
		Wait  time.Duration `name:"wait" reload:"yes"`
		Most  int           `name:"most" type:"size"`
		On    bool          `name:"on"`
		Form  string        `name:"form"`
		Same  string        `name:"same"`
		Plain int
	}
	from := all{Wait: time.Second, Most: 1024, Form: "a", Same: "s", Plain: 1, Inner: inner{[]string{"x", "y"}, "old", nil}}
	to := all{Wait: time.Minute, Most: 1 << 20, On: true, Form: "b", Same: "s", Plain: 2, Inner: inner{[]string{"y", "z"}, "new", []string{"Key: open-sesame"}}}
	var texts, live []string
	for _, c := range Changes(&from, &to) {
		texts = append(texts, c.Texts...)
		if c.Live {
			live = append(live, c.Name)
			c.Take()
		}
	}
	want := []string{`--rule: without "x"`, `--rule: with "z"`, "--key", "--head", "--wait: 1m, was 1s", "--most: 1MiB, was 1KiB", "--on: true, was false", `--form: "b", was "a"`}
	if !slices.Equal(texts, want) || !slices.Equal(live, []string{"rule", "wait"}) {
		t.Errorf("%q, live %q", texts, live)
	}
	if from.Wait != time.Minute || !slices.Equal(from.Inner.Rules, to.Inner.Rules) || from.Most != 1024 || from.Inner.Key != "old" {
		t.Errorf("taken: %+v", from)
	}
	to.Inner.Rules = []string{"z", "y"}
	if c := Changes(&from, &to)[0]; !slices.Equal(c.Texts, []string{"--rule: in another order"}) {
		t.Errorf("%q", c.Texts)
	}
}

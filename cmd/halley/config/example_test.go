package config

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// example is the file that is printed, with the flags that it is made from.
func example(t *testing.T) (text string, flags []*kong.Flag) {
	t.Helper()
	_, ctx, err := parse(t, "serve")
	if err != nil {
		t.Fatal(err)
	}
	groups := ctx.Selected().AllFlags(true)
	var out bytes.Buffer
	if err := Example(&out, groups); err != nil {
		t.Fatal(err)
	}
	for _, group := range groups {
		flags = append(flags, group...)
	}
	return out.String(), flags
}

// Each setting stands in the example, and may be switched on as it stands there.
func TestExampleIsEachSetting(t *testing.T) {
	text, flags := example(t)
	for _, f := range flags {
		line := exampleLine(f)
		if !settable(f) {
			if strings.Contains(text, line) {
				t.Errorf("%s is no setting", line)
			}
			continue
		}
		if strings.Count(text, "\n  "+line+"\n") != 1 {
			t.Errorf("%s does not stand there once", line)
			continue
		}
		on := strings.Replace(text, line, strings.TrimPrefix(line, "//"), 1)
		values, err := load(file(t, on))
		if err != nil || len(values) != 1 || values[f.Name] == nil {
			t.Errorf("%s: %v, %v", line, values, err)
		}
	}
}

// As it is printed, and with every default switched on, the file is the configuration that there is without it.
func TestExampleChangesNothing(t *testing.T) {
	text, flags := example(t)
	want, _, err := parse(t, "serve")
	if err != nil {
		t.Fatal(err)
	}
	defaults := text
	for _, f := range flags {
		if line := exampleLine(f); settable(f) && (f.HasDefault || f.IsBool()) {
			defaults = strings.Replace(defaults, line, strings.TrimPrefix(line, "//"), 1)
		}
	}
	for _, text := range []string{text, defaults} {
		got, _, err := parse(t, "serve", "--config="+file(t, text))
		if err != nil {
			t.Fatal(err)
		}
		got.Config = ""
		if !reflect.DeepEqual(got, want) {
			t.Errorf("the file gives\n%+v\nwant\n%+v", got, want)
		}
	}
}

// Comments are lines, and nothing else of JSON changes.
func TestComments(t *testing.T) {
	for text, good := range map[string]bool{
		"{}":                               true,
		"// a\n{\n // \"hold\": 1,\n}\n//": true,
		"{\n\"hold\": \"1s\",\n// b\n}":    true,
		"{\"hold\": \"1s\",}":              true,
		"{\"rule\": [\"// a,}\"]}":         true,
		"{\"hold\": \"1s\" // c\n}":        false,
		"{,}":                              false,
		"{\"hold\": \"1s\",,}":             false,
		"// {}":                            false,
		"":                                 false,
		",}":                               false,
		"[1,]":                             false,
	} {
		if values, err := load(file(t, text)); (err == nil) != good {
			t.Errorf("%q: %v, %v", text, values, err)
		}
	}
	if values, err := load(file(t, "{\"rule\": [\"// a,}\"]}")); err != nil || !reflect.DeepEqual(values["rule"], []any{"// a,}"}) {
		t.Errorf("%v, %v", values, err)
	}
}

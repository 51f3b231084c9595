package httpparse

import (
	"net/url"
	"strings"
	"testing"
)

func TestValues(t *testing.T) {
	for _, c := range []struct{ form, key, want string }{
		{"", "a", ""},
		{"a=1", "a", "1"},
		{"a=1&a=2&b=3&a=4", "a", "1|2|4"},
		{"a=1", "b", ""},
		{"a", "a", "<empty>"},
		{"a=", "a", "<empty>"},
		{"&&a=1&", "a", "1"},
		{"a=b=c", "a", "b=c"},
		{"a=%31+x", "a", "%31+x"},
		{"%61=1", "a", "1"},
		{"mess%61ge=%5B%5D", "message", "%5B%5D"},
		{"a+b=1", "a b", "1"},
		{"a%=1", "a%", ""},
		{"aa=1&a=2", "a", "2"},
		{"A=1", "a", ""},
		{"a;b=1", "b", ""},
		{"=1", "", "1"},
	} {
		var got []string
		Values([]byte(c.form), c.key, func(raw []byte) bool {
			if len(raw) == 0 {
				raw = []byte("<empty>")
			}
			got = append(got, string(raw))
			return true
		})
		if strings.Join(got, "|") != c.want {
			t.Errorf("Values(%q, %q) = %q, want %q", c.form, c.key, got, c.want)
		}
	}
}

func TestValue(t *testing.T) {
	form := []byte("a=1&b&a=2")
	if got := Value(form, "a"); string(got) != "1" {
		t.Errorf("first value: %q", got)
	}
	if got := Value(form, "b"); got == nil || len(got) != 0 {
		t.Errorf("empty value: %#v", got)
	}
	if got := Value(form, "c"); got != nil {
		t.Errorf("no value: %#v", got)
	}
}

func TestAppendUnescaped(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{"", ""},
		{"abc", "abc"},
		{"a+b", "a b"},
		{"%5B%7b%22a%22%3a1%7D%5d", `[{"a":1}]`},
		{"%00%ff%C3%A9", "\x00\xff\xc3\xa9"},
		{"%25+%2B", "% +"},
		{"ab%", "error @2"},
		{"a%4", "error @1"},
		{"%4g", "error @0"},
		{"%g4", "error @0"},
		{"ab%20%%20", "error @5"},
	} {
		got, err := AppendUnescaped([]byte("x"), []byte(c.raw))
		want := "x" + c.want
		if at, broken := strings.CutPrefix(c.want, "error "); broken {
			if err == nil || describeError(err) != "400 percent escape "+at {
				t.Errorf("AppendUnescaped(%q): %v, want %s", c.raw, err, c.want)
			}
		} else if err != nil || string(got) != want {
			t.Errorf("AppendUnescaped(%q) = %q, %v, want %q", c.raw, got, err, want)
		}
	}
}

func FuzzUnescape(f *testing.F) {
	for _, seed := range []string{"", "a+b", "%5B%7b", "%", "%4", "%4g", "\xff%00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := AppendUnescaped(nil, raw)
		want, wantErr := url.QueryUnescape(string(raw))
		if (err == nil) != (wantErr == nil) || err == nil && string(got) != want {
			t.Errorf("%q: %q, %v; net/url says %q, %v", raw, got, err, want, wantErr)
		}
	})
}

func TestCookie(t *testing.T) {
	for _, c := range []struct{ header, name, want string }{
		{"a=1", "a", "1"},
		{"a=1; b=2; c=3", "b", "2"},
		{"a=1;b=2", "b", "2"},
		{"a=1; a=2", "a", "1"},
		{`a="x y"`, "a", "x y"},
		{`a="`, "a", `"`},
		{"a=", "a", ""},
		{"a=b=c==", "a", "b=c=="},
		{"ab=1; b=2", "b", "2"},
		{"A=1", "a", "none"},
		{"a", "a", "none"},
		{"", "a", "none"},
		{" a = 1 ;b", "a", "1"},
		{";;=;a=1", "a", "1"},
	} {
		got := "none"
		if value := Cookie([]byte(c.header), c.name); value != nil {
			got = string(value)
		}
		if got != c.want {
			t.Errorf("Cookie(%q, %q) = %q, want %q", c.header, c.name, got, c.want)
		}
	}
}

func TestTokenList(t *testing.T) {
	for list, want := range map[string]bool{
		"a": true, "content-type,x-token": true, "a ,\tb": true, "sec-websocket-extensions": true, "x-api_key!": true,
		"": false, "a,": false, ",a": false, "a,,b": false, "a b": false, "a;b": false, "a\"": false, "content-type:": false, "\xc3\xa9": false,
	} {
		if got := TokenList([]byte(list)); got != want {
			t.Errorf("%q: %v", list, got)
		}
	}
}

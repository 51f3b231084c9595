package httpparse

import (
	"fmt"
	"testing"
)

// Fields gives every field line of a head, known or not, also those that come twice, and
// nothing of what follows the head.
func TestFields(t *testing.T) {
	const text = "\r\nGET /a:b HTTP/1.1\r\nHost: h\r\nX-Own:\t a: b \r\nCookie: a=1\r\ncookie: b=2\r\nEmpty:\r\n\r\nNot: this\r\n\r\n"
	var q Request
	n, err := new(Limits).Parse(&q, []byte(text), 0)
	if err != nil || n == 0 {
		t.Fatal(n, err)
	}
	var got []string
	q.Fields(func(name, value []byte) bool {
		got = append(got, fmt.Sprintf("%s=%s", name, value))
		return true
	})
	if want := "[Host=h X-Own=a: b Cookie=a=1 cookie=b=2 Empty=]"; fmt.Sprint(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
	seen := 0
	q.Fields(func(name, _ []byte) bool { seen++; return string(name) != "X-Own" })
	if seen != 2 {
		t.Errorf("%d fields are seen after the second was the last", seen)
	}
	(&Request{}).Fields(func(name, _ []byte) bool { t.Errorf("%s of no head", name); return true })
}

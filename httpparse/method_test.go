package httpparse

import "testing"

// A method is called what a request line calls it; what is none, or another one, has a name too.
func TestMethodNames(t *testing.T) {
	for m := range methods {
		if m == MethodOther {
			continue
		}
		var q Request
		n, err := new(Limits).Parse(&q, []byte(m.String()+" / HTTP/1.1\r\nHost: h\r\n\r\n"), 0)
		if m == MethodCONNECT {
			n, err = new(Limits).Parse(&q, []byte("CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n"), 0)
		}
		if n == 0 || err != nil || q.Method != m {
			t.Errorf("%s is read as %s, %v", m, q.Method, err)
		}
	}
	if MethodOther.String() != "other" || methods.String() != "other" {
		t.Errorf("%s %s", MethodOther, methods)
	}
}

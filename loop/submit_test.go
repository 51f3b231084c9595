package loop

import (
	"fmt"
	"testing"
)

// A batch comes as JSON or in a form, whole, in chunks or in pieces.
func TestBodiesInEveryForm(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	form := "message=%5B%7B%22channel%22%3A%22%2Fa+b%22%7D%5D&message=" + `{"channel":"/c"}`
	for name, request := range map[string]string{
		"array":       post(`[{"channel":"/a b"},{"channel":"/c"}]`),
		"form":        fmt.Sprintf("POST /cometd/connect HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n%s", len(form), form),
		"white space": post(" \r\n\t" + `[{"channel":"/a b"} , {"channel":"/c"}]` + "\n"),
		"chunked": "POST /bayeux/x/y HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Type: text/json\r\n\r\n" +
			"9;q=1\r\n[{\"channe\r\n1c\r\nl\":\"/a b\"},{\"channel\":\"/c\"}]\r\n0\r\nTrailer: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{len(request), 7, 1} {
				a := dial(t, s)
				for rest := request; rest != ""; {
					n := min(size, len(rest))
					a.send(rest[:n])
					rest = rest[n:]
				}
				got := a.messages()
				equal(t, got[0]["channel"], "/a b")
				equal(t, got[1]["error"], "402::session_unknown")
			}
		})
	}
}

package httpparse

import "testing"

func TestPipelining(t *testing.T) {
	const ok = "GET / 1.1 keep host=a"
	post := request("POST /p HTTP/1.1", "Host: a", "Content-Length: 3") + "abc"
	const posted = "POST /p 1.1 length=3 keep host=a"
	runRows(t, Limits{}, []row{
		{"two", get() + get(), ok + " | " + ok},
		{"bodies between", post + post + get(), posted + " | " + posted + " | " + ok},
		{"empty lines between", post + "\r\n" + get() + "\r\n\r\n" + get(), posted + " | " + ok + " | " + ok},
		{"third is cut", get() + post + "GET /", ok + " | " + posted + " | partial"},
		{"third is wrong", get() + post + "GET /\r\n", ok + " | " + posted + " | 400 request line @5"},
		{"third has bare LF", get() + post + "GET / HTTP/1.1\n", ok + " | " + posted + " | 400 bare LF @14"},
		{"body too long", post + "d" + get(), posted + " | OTHER / 1.1 keep host=a"},
		{"body like a request", request("POST /p HTTP/1.1", "Host: a", "Content-Length: 25") + "GET / HTTP/1.1\r\nHost: a\r\n" + get(),
			"POST /p 1.1 length=25 keep host=a | " + ok},
	})
}

package faulty

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func post(t *testing.T, url, body string) (text string, status int) {
	t.Helper()
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), r.StatusCode
}

// subscribed starts a server and gives it one subscriber of /a, who is client1.
func subscribed(t *testing.T, faults Faults) *Server {
	t.Helper()
	s := Start(20*time.Millisecond, faults)
	t.Cleanup(s.Close)
	for _, body := range []string{
		`[{"channel":"/meta/handshake","id":"1"}]`,
		`[{"channel":"/meta/subscribe","clientId":"client1","subscription":"/a"}]`,
	} {
		if text, _ := post(t, s.URL(), body); !strings.Contains(text, `"successful":true`) {
			t.Fatalf("%s: %s", body, text)
		}
	}
	return s
}

const connect = `[{"channel":"/meta/connect","clientId":"client1","id":"3"}]`

// The faults are what they say, one by one: this is what the generator's tests build on.
func TestFaults(t *testing.T) {
	const one, two, three = `{"channel":"/a","data":1}`, `{"channel":"/a","data":2}`, `{"channel":"/a","data":3}`
	for _, c := range []struct {
		name   string
		faults Faults
		want   string
	}{
		{"none", Faults{}, one + "," + two + "," + three},
		{"drop", Faults{DropEvery: 2}, one + "," + three},
		{"duplicate", Faults{DuplicateEvery: 2}, one + "," + two + "," + two + "," + three},
		{"swap", Faults{SwapEvery: 2}, one + "," + three + "," + two},
		{"end", Faults{EndAfter: 2}, one + "," + two},
		{"stray", Faults{StrayEvery: 3}, one + "," + two + "," + three + `,{"channel":"/nobody/asked","data":{"t":1,"n":1,"r":1}}`},
	} {
		s := subscribed(t, c.faults)
		if _, status := post(t, s.PublishURL(), `[{"channel":"/a","data":1},{"channel":"/a","data":2},{"channel":"/a","data":3}]`); status != http.StatusOK {
			t.Fatalf("publish: status %d", status)
		}
		want := "[" + c.want + `,{"channel":"/meta/connect","id":"3","successful":true}]`
		if got, _ := post(t, s.URL(), connect); got != want {
			t.Errorf("%s: %s\nwant %s", c.name, got, want)
		}
	}
}

// asking starts a server and gives it one subscriber of /a and /b who asks for everything.
func asking(t *testing.T, faults Faults) *Server {
	t.Helper()
	s := Start(20*time.Millisecond, faults)
	t.Cleanup(s.Close)
	post(t, s.URL(), `[{"channel":"/meta/handshake","id":"1","ext":{"ack":true,"replay":true}}]`)
	post(t, s.URL(), `[{"channel":"/meta/subscribe","clientId":"client1","subscription":["/a","/b"],"ext":{"replay":-1,"conflate":{"interval":100}}}]`)
	return s
}

func TestExtensions(t *testing.T) {
	for _, c := range []struct {
		name          string
		faults        Faults
		first, second string
	}{
		{"conflated", Faults{}, `{"channel":"/a","replayId":3,"data":3},{"channel":"/b","replayId":2,"data":2},`, `2`},
		{"an id twice", Faults{RepeatIDEvery: 2}, `{"channel":"/a","replayId":2,"data":3},{"channel":"/b","replayId":1,"data":2},`, `2`},
		{"stuck acks", Faults{StuckAcks: true}, `{"channel":"/a","replayId":3,"data":3},{"channel":"/b","replayId":2,"data":2},`, `1`},
		{"no extensions", Faults{NoExtensions: true}, `{"channel":"/a","data":1},{"channel":"/b","data":2},{"channel":"/a","data":3},`, ``},
	} {
		s := asking(t, c.faults)
		post(t, s.PublishURL(), `[{"channel":"/a","data":1},{"channel":"/b","data":2},{"channel":"/a","data":3}]`)
		for i, want := range []string{c.first, ""} {
			ext := ""
			if c.second != "" {
				ext = `,"ext":{"ack":` + []string{"1", c.second}[i] + `}`
			}
			want = "[" + want + `{"channel":"/meta/connect","id":"3","successful":true` + ext + `}]`
			if got, _ := post(t, s.URL(), connect); got != want {
				t.Errorf("%s: %s\nwant %s", c.name, got, want)
			}
		}
	}
}

func TestDelay(t *testing.T) {
	s := subscribed(t, Faults{Delay: 30 * time.Millisecond})
	begin := time.Now()
	post(t, s.PublishURL(), `[{"channel":"/a","data":1}]`)
	for range 100 {
		if got, _ := post(t, s.URL(), connect); strings.Contains(got, `"data":1`) {
			if took := time.Since(begin); took < 30*time.Millisecond {
				t.Errorf("delivered after %v", took)
			}
			return
		}
	}
	t.Error("never delivered")
}

func TestConnectsThatFail(t *testing.T) {
	s := subscribed(t, Faults{FailEvery: 2})
	if _, status := post(t, s.URL(), connect); status != http.StatusOK {
		t.Errorf("first connect: %d", status)
	}
	if _, status := post(t, s.URL(), connect); status != http.StatusInternalServerError {
		t.Errorf("second connect: %d", status)
	}
	s = subscribed(t, Faults{ForgetEvery: 1})
	if text, _ := post(t, s.URL(), connect); !strings.Contains(text, "402::session_unknown") || !strings.Contains(text, `"reconnect":"handshake"`) {
		t.Errorf("forgotten session: %s", text)
	}
}

func TestRefusals(t *testing.T) {
	s := subscribed(t, Faults{RefusePublish: true})
	if text, _ := post(t, s.URL(), `[{"channel":"/a","data":1,"clientId":"client1"}]`); !strings.Contains(text, "403::publish_denied") {
		t.Errorf("publish: %s", text)
	}
	if _, status := post(t, s.URL(), `[{`); status != http.StatusBadRequest {
		t.Errorf("junk: %d", status)
	}
	if text, _ := post(t, s.URL(), `[{"channel":"/meta/subscribe","clientId":"nobody","subscription":"/a"}]`); !strings.Contains(text, "402") {
		t.Errorf("subscribe: %s", text)
	}
	post(t, s.URL(), `[{"channel":"/meta/disconnect","clientId":"client1"}]`)
	if text, _ := post(t, s.URL(), connect); !strings.Contains(text, "402") {
		t.Errorf("connect after disconnect: %s", text)
	}
}

func TestCallbackPolling(t *testing.T) {
	s := subscribed(t, Faults{})
	r, err := http.Get(s.URL() + "?jsonp=cb&message=" + url.QueryEscape(connect))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if b, _ := io.ReadAll(r.Body); !strings.HasPrefix(string(b), "/**/cb([") || !strings.HasSuffix(string(b), "]);") {
		t.Errorf("%s", b)
	}
}

package baseline

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"testing"
	"time"
)

func start(t *testing.T, hold time.Duration) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(hold)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-ended
	})
	return "http://" + l.Addr().String() + "/bayeux"
}

func post(t *testing.T, url, body string) []message {
	t.Helper()
	r, err := http.Post(url, "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var out []message
	if err := json.NewDecoder(r.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func handshake(t *testing.T, url string) string {
	t.Helper()
	out := post(t, url, `[{"channel":"/meta/handshake","version":"1.0","id":"1"}]`)
	if len(out) != 1 || !*out[0].Successful || out[0].ClientID == "" || out[0].ID != "1" {
		t.Fatalf("handshake: %+v", out)
	}
	return out[0].ClientID
}

func TestAHeldConnectBringsTheMessage(t *testing.T) {
	url := start(t, 10*time.Second)
	id := handshake(t, url)
	post(t, url, `[{"channel":"/meta/subscribe","clientId":"`+id+`","subscription":["/a","/b"]}]`)
	got := make(chan []message, 1)
	go func() { got <- post(t, url, `[{"channel":"/meta/connect","clientId":"`+id+`","id":"9"}]`) }()
	if out := post(t, url, `[{"channel":"/a","clientId":"`+id+`","data":{"x":1.10}}]`); !*out[0].Successful {
		t.Errorf("publish: %+v", out)
	}
	out := <-got
	if len(out) != 2 || string(out[0].Data) != `{"x":1.10}` || out[1].Channel != "/meta/connect" || out[1].ID != "9" {
		t.Errorf("connect: %+v", out)
	}
}

func TestConnectsEndWithoutAMessage(t *testing.T) {
	url := start(t, 10*time.Millisecond)
	id := handshake(t, url)
	for _, more := range []string{`,"advice":{"timeout":0}`, ``} {
		if out := post(t, url, `[{"channel":"/meta/connect","clientId":"`+id+`"`+more+`}]`); len(out) != 1 || !*out[0].Successful {
			t.Errorf("connect%s: %+v", more, out)
		}
	}
}

func TestUnknownSessionsAndBadSubscriptions(t *testing.T) {
	url := start(t, time.Second)
	id := handshake(t, url)
	for _, body := range []string{
		`[{"channel":"/meta/connect","clientId":"nobody"}]`,
		`[{"channel":"/a","data":1}]`,
		`[{"channel":"/meta/subscribe","clientId":"` + id + `","subscription":7}]`,
	} {
		if out := post(t, url, body); *out[0].Successful || out[0].Error == "" {
			t.Errorf("%s: %+v", body, out)
		}
	}
}

func TestDisconnectEndsTheSubscription(t *testing.T) {
	url := start(t, time.Second)
	id, other := handshake(t, url), handshake(t, url)
	post(t, url, `[{"channel":"/meta/subscribe","clientId":"`+id+`","subscription":"/a"}]`)
	post(t, url, `[{"channel":"/meta/disconnect","clientId":"`+id+`"}]`)
	post(t, url, `[{"channel":"/a","clientId":"`+other+`","data":1}]`)
	if out := post(t, url, `[{"channel":"/meta/connect","clientId":"`+id+`"}]`); *out[0].Successful {
		t.Errorf("connect after disconnect: %+v", out)
	}
}

func TestJunkIsABadRequest(t *testing.T) {
	url := start(t, time.Second)
	r, err := http.Post(url, "application/json", bytes.NewReader([]byte(`[{`)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d", r.StatusCode)
	}
}

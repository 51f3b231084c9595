package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestNewRefusesBadOptions(t *testing.T) {
	for _, address := range []string{"", "localhost:8080", "ftp://host/bayeux", "http://", "http://%zz"} {
		if _, err := New(address, Options{}); err == nil {
			t.Errorf("New(%q) succeeded", address)
		}
	}
	if _, err := New("http://host/", Options{HandshakeExt: []byte("{")}); err == nil {
		t.Error("New with a broken HandshakeExt succeeded")
	}
}

func TestHandshakeSendsAndKeeps(t *testing.T) {
	f := newFake(t, map[string][]step{"/meta/handshake": {{reply: okHandshake}}})
	c := f.client(Options{HandshakeExt: []byte(`{"replay":true}`)})
	if err := c.Handshake(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if c.ID() != "c1" {
		t.Errorf("ID() = %q", c.ID())
	}
	want := `[{"id":"1","channel":"/meta/handshake","version":"1.0","minimumVersion":"1.0",` +
		`"supportedConnectionTypes":["long-polling"],"ext":{"replay":true}}]`
	if got := f.bodies("handshake"); len(got) != 1 || got[0] != want {
		t.Errorf("sent %q, want %q", got, want)
	}
}

func TestHandshakeRefused(t *testing.T) {
	tests := []struct{ name, reply, want string }{
		{"error", `[{"channel":"/meta/handshake","id":$1,"successful":false,"error":"403::denied"}]`, "403::denied"},
		{"no clientId", `[{"channel":"/meta/handshake","id":$1,"successful":true}]`, "no clientId"},
		{"no common type", `[{"channel":"/meta/handshake","id":$1,"successful":true,"clientId":"c","supportedConnectionTypes":["websocket"]}]`, "does not offer"},
		{"other id", `[{"channel":"/meta/handshake","id":"x","successful":true,"clientId":"c"}]`, "no reply with the id"},
		{"empty array", `[]`, "no reply with the id"},
		{"not JSON", `<html>`, "no array of Bayeux messages"},
		{"not a message", `{"channel":5}`, "no Bayeux message"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, map[string][]step{"/meta/handshake": {{reply: tt.reply}}})
			c := f.client(Options{})
			err := c.Handshake(testContext(t))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Handshake() = %v, want %q in it", err, tt.want)
			}
			if c.ID() != "" {
				t.Errorf("ID() = %q", c.ID())
			}
		})
	}
}

func TestStatusIsAnError(t *testing.T) {
	f := newFake(t, map[string][]step{"/meta/handshake": {{status: 503, reply: "busy"}}})
	var status *StatusError
	if err := f.client(Options{}).Handshake(testContext(t)); !errors.As(err, &status) || status.Status != 503 {
		t.Errorf("Handshake() = %v, want status 503", err)
	}
}

func TestResponseIsBounded(t *testing.T) {
	f := newFake(t, map[string][]step{"/meta/handshake": {{reply: okHandshake}}})
	err := f.client(Options{MaxResponse: 20}).Handshake(testContext(t))
	if err == nil || !strings.Contains(err.Error(), "exceeds 20 bytes") {
		t.Errorf("Handshake() = %v", err)
	}
}

func TestHeaderAndCookies(t *testing.T) {
	var first, second http.Header
	f := newFake(t, nil)
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if first == nil {
			first = r.Header.Clone()
		} else {
			second = r.Header.Clone()
		}
		http.SetCookie(w, &http.Cookie{Name: "BAYEUX_BROWSER", Value: "b1"})
		fmt.Fprint(w, strings.ReplaceAll(okHandshake, "$1", `"1"`))
	})
	c := f.client(Options{Header: http.Header{"Authorization": {"Bearer k"}}})
	if err := c.Handshake(testContext(t)); err != nil {
		t.Fatal(err)
	}
	c.Publish(testContext(t), "/a", []byte("1"))
	if first.Get("Authorization") != "Bearer k" || first.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", first)
	}
	if second.Get("Cookie") != "BAYEUX_BROWSER=b1" {
		t.Errorf("cookie %q", second.Get("Cookie"))
	}
}

func TestNeedsSession(t *testing.T) {
	f := newFake(t, nil)
	c := f.client(Options{})
	if err := c.Publish(context.Background(), "/a", []byte("1")); !errors.Is(err, ErrNoSession) {
		t.Errorf("Publish() = %v", err)
	}
	if err := c.Unsubscribe(context.Background(), "/a"); err != nil {
		t.Errorf("Unsubscribe() = %v", err)
	}
	if err := c.Subscribe(context.Background(), "/a", nil); err == nil {
		t.Error("Subscribe without a handler succeeded")
	}
}

func TestSubscribeAndUnsubscribe(t *testing.T) {
	f := newFake(t, map[string][]step{
		"/meta/handshake":   {{reply: okHandshake}},
		"/meta/subscribe":   {{reply: okSub}, {reply: `[{"channel":"/meta/subscribe","id":$1,"successful":false,"error":"403:/b:denied"}]`}},
		"/meta/unsubscribe": {{reply: `[{"channel":"/meta/unsubscribe","id":$1,"successful":true}]`}},
	})
	c, ctx := f.client(Options{}), testContext(t)
	if err := c.Handshake(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.Subscribe(ctx, "/a", func(Message) {}); err != nil {
		t.Fatal(err)
	}
	err := c.Subscribe(ctx, "/b", func(Message) {})
	var refusal *BayeuxError
	if !errors.As(err, &refusal) || *refusal != (BayeuxError{403, "/b", "denied"}) {
		t.Errorf("Subscribe() = %#v", err)
	}
	if got := c.inbox.table.patterns(); len(got) != 1 || got[0] != "/a" {
		t.Errorf("patterns after a refusal: %v", got)
	}
	if err := c.Unsubscribe(ctx, "/a"); err != nil {
		t.Fatal(err)
	}
	if got := c.inbox.table.patterns(); len(got) != 0 {
		t.Errorf("patterns after unsubscribe: %v", got)
	}
	if got := f.bodies(`"clientId":"c1","subscription":"/a"`); len(got) != 2 {
		t.Errorf("requests for /a: %q", got)
	}
}

func TestPublishKeepsBytes(t *testing.T) {
	f := newFake(t, map[string][]step{
		"/meta/handshake": {{reply: okHandshake}},
		"/a":              {{reply: `[{"channel":"/a","id":$1,"successful":true}]`}},
	})
	c, ctx := f.client(Options{}), testContext(t)
	if err := c.Handshake(ctx); err != nil {
		t.Fatal(err)
	}
	data := `{"n": 12345678901234567890, "p":1.10, "t":"<é\u2028\ud800>" }`
	if err := c.Publish(ctx, "/a", []byte(data)); err != nil {
		t.Fatal(err)
	}
	if got := f.bodies(`"data":` + data + `}`); len(got) != 1 {
		t.Errorf("requests %q", f.bodies(""))
	}
	if err := c.Publish(ctx, "/a", []byte(`{"a":}`)); err == nil {
		t.Error("broken data was sent")
	}
}

func TestPublishBatchNamesTheRefused(t *testing.T) {
	f := newFake(t, map[string][]step{
		"/meta/handshake": {{reply: okHandshake}},
		// Replies in another order, the last one with a plain text for an error.
		"/a": {{reply: `[{"channel":"/c","id":$3,"successful":false,"error":"no"},` +
			`{"channel":"/b","id":$2,"successful":false,"error":"405:/b:channel_invalid"},{"channel":"/a","id":$1,"successful":true}]`}},
	})
	c, ctx := f.client(Options{}), testContext(t)
	if err := c.Handshake(ctx); err != nil {
		t.Fatal(err)
	}
	err := c.PublishBatch(ctx, []Message{{Channel: "/a", Data: []byte("1")}, {Channel: "/b", Data: []byte("2")}, {Channel: "/c", Data: []byte("3")}})
	var batch *BatchError
	if !errors.As(err, &batch) || len(batch.Refused) != 2 || batch.Refused[0].Index != 1 || batch.Refused[1].Err.Text != "no" {
		t.Errorf("PublishBatch() = %v", err)
	}
	var first *BayeuxError
	if !errors.As(err, &first) || first.Code != 405 {
		t.Errorf("the first refusal is %v", first)
	}
	if err := c.PublishBatch(ctx, nil); err != nil {
		t.Errorf("empty batch: %v", err)
	}
}

func TestOwnCopyInPublishReply(t *testing.T) {
	f := newFake(t, map[string][]step{
		"/meta/handshake": {{reply: okHandshake}},
		"/meta/subscribe": {{reply: okSub}},
		"/a":              {{reply: `[{"channel":"/a","id":$1,"data":1},{"channel":"/a","id":$1,"successful":true}]`}, {reply: `[{"channel":"/a","id":$1,"successful":true},{"channel":"/a","data":2}]`}},
	})
	c, ctx := f.client(Options{}), testContext(t)
	if err := c.Handshake(ctx); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := c.Subscribe(ctx, "/a", func(m Message) {
		got = append(got, string(m.Data))
		if len(got) == 1 { // a handler may publish: its copy waits for its turn
			if err := c.Publish(ctx, "/a", []byte("2")); err != nil {
				t.Error(err)
			}
			got = append(got, "published")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Publish(ctx, "/a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if strings.Join(got, " ") != "1 published 2" {
		t.Errorf("handled %v", got)
	}
}

package loop

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"halley/bayeux"
)

// A consumer of Salesforce's streaming, as its clients write it: any version and
// message type below the mount, a token in the header, a cursor by channel.
func TestSalesforceProfile(t *testing.T) {
	s := start(t, func(c *Config) {
		c.Loops, c.Profile, c.Rules = 2, bayeux.Salesforce, []string{"/topic/** history=100"}
	})
	for n := range 3 {
		mustPublish(t, s, "/topic/X", fmt.Sprintf(`{"sobject":{"N":%d}}`, n))
	}
	a := dial(t, s)
	ask := func(path, body string) []map[string]any {
		t.Helper()
		a.send(postWith("/cometd/"+path, body, "Authorization: OAuth 00Dx!token", "Content-Type: application/json"))
		return a.messages()
	}
	reply := ask("67.0/handshake", `[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"],"ext":{"replay":true},"id":"1"}]`)
	equal(t, len(reply), 1)
	equal(t, reply[0]["ext"], map[string]any{"replay": true, "payload.format": true})
	equal(t, reply[0]["advice"], nil)
	id := reply[0]["clientId"].(string)
	got := ask("67.0/", `[`+subscribeFrom(id, "/topic/X", fmt.Sprintf(`{"/topic/X":%d}`, nth(s, 1)))+`]`)
	equal(t, len(got), 1) // no event beside the reply
	got = ask("67.0/connect", connect(id))
	equal(t, len(got), 3)
	for i, m := range got[:2] {
		data := m["data"].(map[string]any)
		equal(t, data["sobject"], map[string]any{"N": i + 1})
		event := data["event"].(map[string]any)
		equal(t, event["replayId"], json.Number(fmt.Sprint(nth(s, i+2))))
		if _, err := time.Parse(time.RFC3339, event["createdDate"].(string)); err != nil {
			t.Error(err)
		}
	}
	failed := ask("replay/36.0", `[`+subscribeFrom(id, "/topic/Y", `{"/topic/Y":77}`)+`]`)[0]
	if text := failed["error"].(string); !strings.HasPrefix(text, "400::The replayId {77} you provided was invalid") {
		t.Errorf("a cursor that stands for nothing: %s", text)
	}
	failed = ask("67.0/connect", connect("0000"))[0]
	equal(t, failed["error"], "403::Unknown client")
	equal(t, failed["advice"], map[string]any{"reconnect": "handshake", "interval": 0})
}

func TestTimestamp(t *testing.T) {
	s := start(t, func(c *Config) { c.Timestamp, c.Rules = true, []string{"/h history=10"} })
	a := dial(t, s)
	id := a.handshake()
	a.bayeux(subscribe(id, "/**"))
	mustPublish(t, s, "/a", `1`)
	mustPublish(t, s, "/h", `2`)
	equal(t, len(a.collect(id, 2)), 2)
	mustPublish(t, s, "/a", `3`)
	for _, m := range a.bayeux(connect(id)) {
		at, err := time.Parse("2006-01-02T15:04:05.00", m["timestamp"].(string))
		if err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("%v: %v", m, err)
		}
	}
}

// A page that is loaded again goes on from a new connection while its old poll is
// held, whichever loops the two are on.
func TestReload(t *testing.T) {
	s := start(t, func(c *Config) { c.Loops = 4 })
	a := dial(t, s)
	id := a.subscriber("/a")
	for n := range 20 {
		a.holdConnect(s, id)
		b := dial(t, s)
		reply := b.bayeux(strings.Replace(connect(id), `"clientId"`, `"advice":{"timeout":0},"clientId"`, 1))
		equal(t, reply[0]["successful"], true)
		equal(t, displaced(a.messages()), true)
		mustPublish(t, s, "/a", fmt.Sprint(n))
		equal(t, b.collect(id, 1), []string{fmt.Sprint(n)})
		a = b
	}
}

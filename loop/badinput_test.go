package loop

import (
	"fmt"
	"strings"
	"testing"
)

// Whatever one client sends, another's held poll lives on and gets its event.
func TestBadInputHarmsNoNeighbour(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops, c.Scanner.MaxMessages, c.Scanner.MaxDepth = 2, 10, 8 })
	home, neighbour, bad := dial(t, s), dial(t, s), dial(t, s)
	id := home.subscriber("/a")
	neighbour.holdConnect(s, id)
	own := bad.handshake()
	message := func(rest string) string { return fmt.Sprintf(`{"clientId":%q,%s}`, own, rest) }
	for name, body := range map[string]string{
		"empty":            "",
		"spaces":           "  ",
		"null":             "null",
		"number":           "1",
		"string":           `"x"`,
		"no objects":       "[1]",
		"nested batch":     "[[]]",
		"trailing comma":   "[{},]",
		"two values":       "[] []",
		"open":             `[{"channel":"/a"`,
		"bad escape":       `{"channel":"\x"}`,
		"bad UTF-8":        "{\"channel\":\"\xc3\x28\"}",
		"control":          "{\"channel\":\"\n\"}",
		"surrogate bytes":  "{\"channel\":\"\xed\xa0\x80\"}",
		"doubled key":      message(`"channel":"/a","channel":"/b"`),
		"key in two cases": message(`"channel":"/a","data":1,"DATA":2`),
		"too deep":         message(`"channel":"/a","data":` + strings.Repeat("[", 10) + strings.Repeat("]", 10)),
		"too many":         "[" + strings.Repeat("{},", 10) + "{}]",
		"leading zero":     message(`"channel":"/a","data":01`),
		"NaN":              message(`"channel":"/a","data":NaN`),
	} {
		got := bad.ask(post(body))
		equal(t, fmt.Sprint(name, got.StatusCode), name+"400")
		equal(t, got.Close, false)
	}
	equal(t, s.Stats().ScanErrors > 0, true)
	mustPublish(t, s, "/a", "1")
	equal(t, events(neighbour.messages()), []string{"1"})
	equal(t, bad.bayeux(publish(own, "/a", "2"))[0]["successful"], true)
}

// What is wrong with one message is told in its reply; those beside it are served.
func TestBadMessagesAmongGood(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 2 })
	home, w := dial(t, s), dial(t, s)
	id := home.subscriber("/mine")
	unknown := "0" + strings.Repeat("v", len(id)-1)
	other := home.handshake()
	for message, failure := range map[string]string{
		`{"data":1}`:                                   "400::channel_missing",
		`{"channel":7}`:                                "405::channel_invalid",
		`{"channel":"/a","data":1}`:                    "402::session_unknown",
		publish(unknown, "/a", "1"):                    "402::session_unknown",
		publish(id[:len(id)-1], "/a", "1"):             "402::session_unknown",
		publish("", "/a", "1"):                         "402::session_unknown",
		publish(other, "/a", "1"):                      "402::session_unknown", // of another session than the first message's
		publish(id, "/a b,c", "1"):                     "405::channel_invalid",
		publish(id, "/"+strings.Repeat("x", 300), "1"): "405::channel_invalid",
		publish(id, strings.Repeat("/x", 20), "1"):     "405::channel_invalid",
		publish(id, "/meta/foo", "1"):                  "403:denied_by_security_policy:channel_create_denied",
		fmt.Sprintf(`{"channel":"/a","clientId":%q,"data":1,"id":%q}`, id, strings.Repeat("x", 99)): "405::message_id_invalid",
		fmt.Sprintf(`{"channel":"/a","clientId":%q,"data":1,"id":{}}`, id):                          "405::message_id_invalid",
		subscribe(id, "nonsense"):      "403::subscription_invalid",
		subscribe(id, "/meta/connect"): "403:denied_by_security_policy:subscribe_denied",
	} {
		reply := w.bayeux("[" + subscribe(id, "/a") + "," + message + "," + publish(id, "/fine", "1") + "]")
		if len(reply) != 3 {
			t.Fatalf("%s: %v", message, reply)
		}
		equal(t, reply[0]["successful"], true)
		equal(t, fmt.Sprint(message, reply[1]["error"]), message+failure)
		equal(t, reply[1]["successful"], false)
		equal(t, reply[2]["successful"], true)
	}
	equal(t, home.bayeux(connect(unknown))[0]["advice"], map[string]any{"reconnect": "handshake", "interval": 0})
}

// A clientId of any shape is only a text.
func TestStrangeClientIDs(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Loops = 2 })
	w := dial(t, s)
	id := w.handshake()
	for _, strange := range []string{
		"x", strings.Repeat("0", len(id)), strings.Repeat("v", len(id)), strings.Repeat("x", 60_000),
		"0000" + id[4:], "vvvv" + id[4:], id[:8] + "vvvv" + id[12:], id + "0", "é", `\"`,
	} {
		if strange == id {
			continue
		}
		reply := w.bayeux(fmt.Sprintf(`{"channel":"/meta/connect","clientId":"%s"}`, strange))
		equal(t, fmt.Sprint(strange, reply[0]["error"]), strange+"402::session_unknown")
	}
	equal(t, w.bayeux(connect(id))[0]["successful"], true)
}

func TestLimitsOfSessions(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.MaxSessions, c.MaxSubscriptions = 2, 3 })
	w := dial(t, s)
	id := w.handshake()
	second := w.handshake()
	reply := w.bayeux(handshakeMessage)[0]
	equal(t, reply["error"], "503::too_many_sessions")
	equal(t, reply["advice"].(map[string]any)["reconnect"], "retry")
	w.bayeux(fmt.Sprintf(`{"channel":"/meta/disconnect","clientId":%q}`, second))
	w.handshake()
	for n := range 3 {
		equal(t, w.bayeux(subscribe(id, fmt.Sprint("/", n)))[0]["successful"], true)
	}
	equal(t, w.bayeux(subscribe(id, "/4"))[0]["error"], "403::too_many_subscriptions")
	equal(t, w.bayeux(subscribe(id, "/0"))[0]["successful"], true)
}

// Above the limit of connections the answer is 503; after a close there is room.
func TestConnectionLimit(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.MaxConnections = 3 })
	var all []*wire
	for range 3 {
		w := dial(t, s)
		equal(t, w.ask(post("[]")).StatusCode, 200)
		all = append(all, w)
	}
	for range 3 {
		w := dial(t, s)
		got := w.read()
		equal(t, got.StatusCode, 503)
		equal(t, got.Close, true)
		equal(t, got.Header.Get("Retry-After"), "5")
		w.mustEnd()
	}
	eventually(t, func() bool { return s.Stats().Connections == 3 })
	all[0].Close()
	eventually(t, func() bool { return s.Stats().Connections == 2 })
	equal(t, dial(t, s).ask(post("[]")).StatusCode, 200)
	equal(t, all[1].ask(post("[]")).StatusCode, 200)
	equal(t, s.Stats().Refused, 3)
}

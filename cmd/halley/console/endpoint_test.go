package console

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goccy/go-json"
)

const deadline = 30 * time.Second

// watch is an endpoint whose clock a test sets, and a page of it.
type watch struct {
	*endpoint
	t   *testing.T
	now atomic.Int64
	id  string
}

func newWatch(t *testing.T) *watch {
	w := &watch{t: t}
	w.now.Store(1000)
	w.endpoint = newEndpoint(w.now.Load)
	reply := w.say(`[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]`)
	w.id, _ = reply[0]["clientId"].(string)
	if w.id == "" {
		t.Fatalf("handshake: %v", reply)
	}
	return w
}

// say sends a batch and returns the reply.
func (w *watch) say(batch string) []map[string]any {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), deadline)
	defer cancel()
	text, err := w.talk(ctx, []byte(batch))
	if err != nil {
		w.t.Fatalf("%s: %v", batch, err)
	}
	return parsed(w.t, text)
}

func parsed(t *testing.T, text []byte) (messages []map[string]any) {
	t.Helper()
	if err := json.Unmarshal(text, &messages); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return messages
}

// message is one of the page's, with further fields.
func (w *watch) message(channel, more string) string {
	return fmt.Sprintf(`[{"channel":%q,"clientId":%q%s}]`, channel, w.id, more)
}

func (w *watch) connect() string {
	return w.message("/meta/connect", `,"connectionType":"long-polling"`)
}

// holds sends a connect that is to be held, and returns where its reply comes.
func (w *watch) holds(ctx context.Context) <-chan []byte {
	w.t.Helper()
	number, waits, err := w.begin([]byte(w.connect()))
	if err != nil {
		w.t.Fatal(err)
	}
	select {
	case text := <-waits.answer:
		w.t.Fatalf("the connect was answered with %s", text)
	default:
	}
	context.AfterFunc(ctx, func() { w.leave(number) })
	return waits.answer
}

func receive(t *testing.T, answers <-chan []byte) []byte {
	t.Helper()
	select {
	case text := <-answers:
		return text
	case <-time.After(deadline):
		t.Fatal("nothing comes")
		return nil
	}
}

// A page that subscribes gets each view with the reply to its held connect, in order, also those that come between two connects.
func TestFiguresReachThePage(t *testing.T) {
	w := newWatch(t)
	w.say(w.connect())
	if reply := w.say(w.message("/meta/subscribe", `,"subscription":"`+figuresChannel+`"`)); reply[0]["successful"] != true {
		t.Fatal(reply)
	}
	answers := w.holds(t.Context())
	w.publish([]byte(`{"n":1}`))
	got := parsed(t, receive(t, answers))
	if len(got) != 2 || got[0]["channel"] != figuresChannel || fmt.Sprint(got[0]["data"]) != "map[n:1]" || got[1]["successful"] != true {
		t.Errorf("got %v", got)
	}
	w.publish([]byte(`{"n":2}`))
	w.publish([]byte(`{"n":3}`))
	if got := w.say(w.connect()); len(got) != 3 || fmt.Sprint(got[0]["data"], got[1]["data"]) != "map[n:2] map[n:3]" {
		t.Errorf("got %v", got)
	}
}

// Nobody publishes here, and no other channel is heard.
func TestOnlyFiguresAreHeard(t *testing.T) {
	w := newWatch(t)
	w.say(w.connect())
	for _, batch := range []string{
		w.message(figuresChannel, `,"data":1`), w.message("/a", `,"data":1`),
		w.message("/meta/subscribe", `,"subscription":"/a"`), w.message("/meta/subscribe", `,"subscription":"/**"`),
	} {
		if reply := w.say(batch); reply[0]["successful"] != false || !strings.HasPrefix(fmt.Sprint(reply[0]["error"]), "403:") {
			t.Errorf("%s: %v", batch, reply)
		}
	}
}

// A connect is held for a while and then answered; a page that has gone is forgotten, and whether somebody is there is known.
func TestHeldAndForgotten(t *testing.T) {
	w := newWatch(t)
	w.say(w.connect())
	ctx, leave := context.WithCancel(t.Context())
	answers := w.holds(ctx)
	w.now.Add(hold.Milliseconds() + 1000)
	w.tick()
	if got := parsed(t, receive(t, answers)); len(got) != 1 || got[0]["successful"] != true {
		t.Errorf("after the hold time: %v", got)
	}
	w.holds(ctx)
	leave()
	if !w.watched() {
		t.Error("a page that is between two connects is not there")
	}
	for end := time.Now().Add(deadline); (w.watched() || w.waits() > 0) && time.Now().Before(end); time.Sleep(time.Millisecond) {
		w.now.Add(time.Minute.Milliseconds()) // also before leave has its turn
		w.tick()
	}
	if w.watched() || w.waits() > 0 {
		t.Errorf("watched: %v, %d requests wait", w.watched(), w.waits())
	}
}

// waits is how many requests wait.
func (w *watch) waits() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting)
}

// Whatever comes has an answer, and nothing that waits is left behind.
func TestBadTalk(t *testing.T) {
	w := newWatch(t)
	for _, body := range []string{"", "x", "[", `[1]`, "message=%zz", `{"channel":"/meta/connect"`} {
		if text, err := w.talk(t.Context(), []byte(body)); err == nil {
			t.Errorf("%q was answered with %s", body, text)
		}
	}
	for _, body := range []string{"[]", "null", `[{"channel":"/meta/connect","clientId":"nobody","connectionType":"long-polling"}]`,
		w.message("/meta/subscribe", `,"subscription":"`+figuresChannel+`","ext":{"replay":{"`+figuresChannel+`":-2}}`),
		w.message("/meta/connect", `,"connectionType":"xhr-streaming"`), w.message("/meta/connect", `,"connectionType":"websocket","advice":{"timeout":0}`)} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if _, err := w.talk(ctx, []byte(body)); err != nil && !errors.Is(err, errRefused) && body != "null" {
			t.Errorf("%s: %v", body, err)
		}
		cancel()
	}
	form := "message=" + strings.NewReplacer(`"`, "%22", "[", "%5B", "]", "%5D", "{", "%7B", "}", "%7D").Replace(w.message("/meta/disconnect", ""))
	if got := w.say(form); got[0]["successful"] != true {
		t.Errorf("the farewell of a page that is left: %v", got)
	}
	if n := w.waits(); n > 0 {
		t.Errorf("%d requests wait", n)
	}
}

// There are as many pages as may be, and the end lets all go.
func TestPagesAreBoundedAndLetGo(t *testing.T) {
	w := newWatch(t)
	for i := range 2 * maxSessions {
		reply := w.say(`[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]`)
		if want := i < maxSessions-1; reply[0]["successful"] != want {
			t.Fatalf("page %d: %v", i+2, reply)
		}
	}
	w.say(w.connect())
	answers := w.holds(t.Context())
	w.close()
	if text := receive(t, answers); text != nil {
		t.Errorf("the end said %s", text)
	}
	if _, err := w.talk(t.Context(), []byte(w.connect())); !errors.Is(err, errClosed) {
		t.Errorf("after the end: %v", err)
	}
}

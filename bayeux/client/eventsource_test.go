package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

// heartbeat is the answer to a connect beside a stream.
const heartbeat = `[{"channel":"/meta/connect","id":$1,"successful":true,"advice":{"reconnect":"retry","interval":30000,"timeout":0}}]`

// streamScript is that of a server with event-streams: a client polls once before it asks
// for one.
func streamScript() map[string][]step {
	return map[string][]step{
		"/meta/handshake": {{reply: pushHandshake}},
		"/meta/subscribe": {{reply: okSub}},
		"/meta/connect":   {{reply: okConnect}, {reply: heartbeat}},
	}
}

func TestEventSourceFollowsItsStreams(t *testing.T) {
	f := newFake(t, streamScript())
	handled := make(chan struct{})
	var streams atomic.Int32
	f.stream = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/bayeux/c1" || r.Header.Get("Accept") != "text/event-stream" {
			t.Errorf("asked for %s, %v", r.URL, r.Header)
		}
		switch streams.Add(1) {
		case 1: // one that ends well, in time
			emit(w, "retry: 5000\n\ndata: "+push("1", "2")+"\n\n")
			await(t, handled, "the first events")
			time.Sleep(20 * time.Millisecond) // more than MinBackoff after the client saw the stream begin
			emit(w, ":\n\ndata: "+push("3")+"\n\n")
		case 2: // one that is cut in the middle of an event
			emit(w, "data: "+push("4")+"\n\ndata: "+push("5"))
			panic(http.ErrAbortHandler)
		default:
			emit(w, "data: "+push("5")+"\n\n")
			<-r.Context().Done()
		}
	}
	faults := make(chan error, 10)
	c, k, stop := runs(t, f, Options{ConnectionTypes: []string{"eventsource"}, OnError: func(err error) { faults <- err }})
	for n := range 5 {
		k.wait(t, fmt.Sprint(n+1))
		if n == 1 {
			close(handled)
		}
	}
	if got := c.ConnectionType(); got != "eventsource" {
		t.Errorf("ConnectionType() = %s", got)
	}
	stop()
	close(faults)
	var told []error
	for err := range faults {
		told = append(told, err)
	}
	if len(told) != 1 || len(f.bodies("/meta/handshake")) != 1 {
		t.Errorf("faults %q, %d handshakes", told, len(f.bodies("/meta/handshake")))
	}
	if got := f.bodies(`"connectionType":"eventsource"`); len(got) < 2 {
		t.Errorf("connects %q", got)
	}
}

// What the reply to a connect brings as its stream ends comes after the stream.
func TestEventsBesideTheEndOfAStream(t *testing.T) {
	f := newFake(t, streamScript())
	answered := make(chan struct{})
	var streams atomic.Int32
	f.steps["/meta/connect"] = []step{{reply: okConnect}, {reply: strings.Replace(heartbeat, "[", `[{"channel":"/a","data":2},`, 1), then: func() { close(answered) }}, {reply: heartbeat}}
	f.stream = func(w http.ResponseWriter, r *http.Request) {
		emit(w, ":\n\n")
		if streams.Add(1) == 1 {
			await(t, answered, "the reply to a connect")
			time.Sleep(20 * time.Millisecond) // the reply is there first
			emit(w, "data: "+push("1")+"\n\n")
			return
		}
		emit(w, "data: "+push("3")+"\n\n")
		<-r.Context().Done()
	}
	_, k, stop := runs(t, f, Options{ConnectionTypes: []string{"eventsource"}})
	for _, want := range []string{"1", "2", "3"} {
		k.wait(t, want)
	}
	stop()
}

// A server that knows the session no more answers 404.
func TestEventSourceOfALostSession(t *testing.T) {
	f := newFake(t, streamScript())
	var streams atomic.Int32
	f.stream = func(w http.ResponseWriter, r *http.Request) {
		if streams.Add(1) == 1 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		emit(w, "data: "+push("1")+"\n\n")
		<-r.Context().Done()
	}
	_, k, stop := runs(t, f, Options{ConnectionTypes: []string{"eventsource"}})
	k.wait(t, "1")
	stop()
	if got := f.bodies("/meta/handshake"); len(got) != 2 {
		t.Errorf("%d handshakes", len(got))
	}
}

func TestEventSourceThatIsNone(t *testing.T) {
	f := newFake(t, streamScript())
	f.stream = func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Type", "text/html") }
	told := make(chan error, 100)
	_, _, stop := runs(t, f, Options{ConnectionTypes: []string{"eventsource"}, OnError: func(err error) { told <- err }})
	if err := await(t, told, "the refusal"); !strings.Contains(err.Error(), `expected an event-stream but got "text/html"`) {
		t.Errorf("told %v", err)
	}
	stop()
}

func TestReadEvents(t *testing.T) {
	tests := []struct {
		stream string
		want   []string // name=data
	}{
		{"", nil},
		{"data: a\n\n", []string{"=a"}},
		{"data:a\r\n\r\ndata: b\r\rdata:  c\n\n", []string{"=a", "=b", "= c"}},
		{"data: a\ndata:\ndata: b\n\n", []string{"=a\n\nb"}},
		{"event: gap\nid: 7\ndata: {}\n\ndata: x\n\n", []string{"gap={}", "=x"}},
		{": comment\n\nretry: 5000\n\nnonsense\n\n", nil},
		{"data\n\n", []string{"="}},
		{"data: whole\n\ndata: cut\n", []string{"=whole"}},
		{"data: whole\n\ndata: cut", []string{"=whole"}},
	}
	for _, tt := range tests {
		for name, r := range map[string]*strings.Reader{"whole": strings.NewReader(tt.stream), "bytes": strings.NewReader(tt.stream)} {
			var got []string
			in := iotest.HalfReader(r)
			if name == "bytes" {
				in = iotest.OneByteReader(r)
			}
			err := readEvents(in, 100, func(e event) error {
				got = append(got, e.name+"="+string(e.data))
				return nil
			})
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%q (%s): %q, %v; want %q", tt.stream, name, got, err, tt.want)
			}
		}
	}
}

func TestReadEventsFails(t *testing.T) {
	for _, stream := range []string{
		"data: " + strings.Repeat("x", 200) + "\n\n",
		strings.Repeat("data: 1234567890\n", 20) + "\n",
		"data: " + strings.Repeat("x", 200),
	} {
		if err := readEvents(strings.NewReader(stream), 100, func(event) error { return nil }); !errors.Is(err, bufio.ErrTooLong) {
			t.Errorf("%.30q…: %v", stream, err)
		}
	}
	broken := errors.New("broken")
	if err := readEvents(iotest.ErrReader(broken), 100, nil); !errors.Is(err, broken) {
		t.Errorf("readEvents() = %v", err)
	}
	if err := readEvents(strings.NewReader("data: 1\n\n"), 100, func(event) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("readEvents() = %v", err)
	}
}

// Plain events go on after a cut; what says how many were dropped is no message, but
// told.
func TestEventsReconnect(t *testing.T) {
	f := newFake(t, nil)
	var streams atomic.Int32
	f.stream = func(w http.ResponseWriter, r *http.Request) {
		switch streams.Add(1) {
		case 1:
			emit(w, "data: {\"channel\":\"/a\",\"data\":1}\n\n")
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 3:
			emit(w, "data: <html>\n\n")
		default:
			emit(w, "event: gap\ndata: {\"channel\":\"/meta/connect\",\"successful\":true,\"ext\":{\"dropped\":{\"/a\":2}}}\n\ndata: {\"channel\":\"/a\",\"data\":4}\n\n")
			<-r.Context().Done()
		}
	}
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	var got []string
	var faults int
	var lost DroppedError
	tell := func(err error) {
		if e := new(DroppedError); errors.As(err, &e) {
			lost = *e
			return
		}
		faults++
	}
	err := Events(ctx, f.URL+"/events?channel=/a", Options{MinBackoff: time.Millisecond, OnError: tell}, func(m Message) {
		if got = append(got, string(m.Data)); len(got) == 2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || strings.Join(got, " ") != "1 4" || faults != 3 {
		t.Errorf("Events() = %v, messages %v, %d faults", err, got, faults)
	}
	if lost.Error() != "client: the server dropped messages: /a 2" {
		t.Errorf("told of %v", &lost)
	}
}

// A stream is asked for once, so that its caller learns whether a server is there, and what comes by it is not
// asked for again.
func TestOpenEvents(t *testing.T) {
	f := newFake(t, nil)
	var asked atomic.Int32
	f.stream = func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			emit(w, "id: 7\ndata: {\"channel\":\"/a\",\"data\":1}\n\n")
		default:
			emit(w, fmt.Sprintf("data: {\"channel\":\"/a\",\"data\":%s}\n\n", r.Header.Get("Last-Event-ID")))
			<-r.Context().Done()
		}
	}
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	var told []error
	o := Options{MinBackoff: time.Millisecond, OnError: func(err error) { told = append(told, err) }}
	var status *StatusError
	if _, err := OpenEvents(ctx, f.URL+"/events?channel=/a", o); !errors.As(err, &status) || status.Status != http.StatusServiceUnavailable {
		t.Fatalf("OpenEvents() = %v", err)
	}
	s, err := OpenEvents(ctx, f.URL+"/events?channel=/a", o)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	err = s.Follow(ctx, func(m Message) {
		if got = append(got, string(m.Data)); len(got) == 2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || strings.Join(got, " ") != "1 7" || asked.Load() != 3 {
		t.Errorf("Follow() = %v, messages %v, asked %d times", err, got, asked.Load())
	}
	if len(told) != 1 || !errors.Is(told[0], ErrConnectionEnded) {
		t.Errorf("told of %v", told)
	}
	if _, err := OpenEvents(ctx, "nothing", o); err == nil {
		t.Error("a stream of no address")
	}
}

// An opened stream outlives the context by which it was asked for, and ends with that of Follow.
func TestOpenedEventsEnd(t *testing.T) {
	f := newFake(t, nil)
	f.stream = func(w http.ResponseWriter, r *http.Request) {
		emit(w, "data: {\"channel\":\"/a\",\"data\":1}\n\n")
		<-r.Context().Done()
	}
	asking, asked := context.WithCancel(testContext(t))
	s, err := OpenEvents(asking, f.URL+"/events?channel=/a", Options{})
	if asked(); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenEvents(asking, f.URL+"/events?channel=/a", Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("OpenEvents() = %v", err)
	}
	ctx, cancel := context.WithCancel(testContext(t))
	if err := s.Follow(ctx, func(Message) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("Follow() = %v", err)
	}
}

// What goes wrong with a stream is told without the clientId, which is a secret.
func TestStreamErrorsHaveNoClientID(t *testing.T) {
	f := newFake(t, nil)
	o := Options{}
	o.fill()
	posts, err := newLongPolling(f.URL+"/bayeux", o)
	if err != nil {
		t.Fatal(err)
	}
	f.Server.Close()
	source := &eventSource{longPolling: posts}
	if err := source.Open(testContext(t), "secret"); err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("Open() = %v", err)
	}
}

// Follow returns when its context is done, whatever becomes of the one by which the stream was asked for.
func TestFollowHasAContextOfItsOwn(t *testing.T) {
	f := newFake(t, nil)
	f.stream = func(w http.ResponseWriter, r *http.Request) {
		emit(w, "data: {\"channel\":\"/a\",\"data\":1}\n\n")
		<-r.Context().Done()
	}
	asking := testContext(t)
	s, err := OpenEvents(asking, f.URL+"/events?channel=/a", Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(asking)
	if err := s.Follow(ctx, func(Message) { cancel() }); !errors.Is(err, context.Canceled) || asking.Err() != nil {
		t.Errorf("Follow() = %v, and the stream's own context %v", err, asking.Err())
	}
}

package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// rig drives a machine without goroutines, clock and connections: it takes the actions
// down, and says what becomes of them when a test wants it.
type rig struct {
	t     *testing.T
	m     *machine
	now   time.Time
	did   []string
	calls []*call // sent and not answered
	links []*link // whose opening is not over
	open  []*link // that are listened to
	rest  []*settling
	watch []*link
	work  *operation
}

// newRig makes the machine of a client with some options.
func newRig(t *testing.T, o Options) *rig {
	t.Helper()
	o.fill()
	r := &rig{t: t, now: time.Unix(1e9, 0)}
	b := newInbox()
	transports := map[string]func() Transport{
		longPollingType: func() Transport { return &longPolling{} },
		eventSourceType: func() Transport { return &eventSource{} },
		webSocketType:   func() Transport { return &webSocket{} },
	}
	r.m = newMachine(&o, &b.table, func(kind string) *link { return newLink(transports[kind](), b.newLane()) })
	r.m.random = func() float64 { return 0 }
	return r
}

// take gives the machine an event.
func (r *rig) take(e any) {
	for _, a := range r.m.step(r.now, e) {
		r.note(a)
	}
}

// note takes an action down.
func (r *rig) note(a action) {
	switch a := a.(type) {
	case openLink:
		r.did, r.links = append(r.did, "open "+a.link.kind+" "+a.clientID), append(r.links, a.link)
	case giveUpOpening:
		r.did = append(r.did, "give up "+a.link.kind)
	case listen:
		r.open = append(r.open, a.link)
	case watch:
		r.did, r.watch = append(r.did, "watch "+a.link.kind), append(r.watch, a.link)
	case closeLink:
		r.did = append(r.did, "close "+a.link.kind)
	case sendBatch:
		r.did, r.calls = append(r.did, a.call.link.kind+": "+summary(a.call)), append(r.calls, a.call)
	case cancelCall:
		r.did = append(r.did, "cancel "+summary(a.call))
	case settle:
		r.rest = append(r.rest, a.state.(*settling))
	case tellError:
		r.did = append(r.did, "tell "+a.err.Error())
	case finishWork:
		r.did = append(r.did, fmt.Sprint("finish ", a.err))
	case answerUser:
		r.did = append(r.did, fmt.Sprint("answer ", a.call.err))
	}
}

// sentMessage is what a test has to know of a message.
type sentMessage struct {
	Channel, ID, Subscription, ConnectionType string
	Advice, Ext                               json.RawMessage
}

func sentBy(c *call) (list []sentMessage) {
	_ = json.Unmarshal(c.body, &list) // of our own making
	return list
}

// summary is a batch in short: channels without /meta, and what distinguishes them.
func summary(c *call) string {
	var list []string
	for _, m := range sentBy(c) {
		text := strings.TrimPrefix(m.Channel, "/meta/")
		if m.Channel == "/meta/connect" {
			text += " " + m.ConnectionType
		}
		if m.Subscription != "" {
			text += " " + m.Subscription
		}
		if m.Advice != nil {
			text += " at once"
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// want checks what has been done since the last time.
func (r *rig) want(did ...string) {
	r.t.Helper()
	if !slices.Equal(r.did, did) {
		r.t.Fatalf("did\n\t%s\nwant\n\t%s", strings.Join(r.did, "\n\t"), strings.Join(did, "\n\t"))
	}
	r.did = nil
}

// run begins a Run.
func (r *rig) run() { r.begin(true) }

func (r *rig) begin(recovers bool) {
	r.work = newOperation(context.Background(), recovers)
	r.take(begun{r.work})
}

// opens has the connection in question be made, or fail.
func (r *rig) opens(err error) {
	r.t.Helper()
	if len(r.links) == 0 {
		r.t.Fatal("nothing is being opened")
	}
	l := r.links[0]
	r.links = r.links[1:]
	r.take(opened{l, err})
}

// ends has a connection end.
func (r *rig) ends(l *link, err error) {
	if i := slices.Index(r.open, l); i >= 0 {
		r.open = slices.Delete(r.open, i, i+1)
		r.take(ended{l, err})
	}
}

// pick takes out the first call under way that has a text in its summary.
func (r *rig) pick(text string) *call {
	r.t.Helper()
	for i, c := range r.calls {
		if strings.Contains(summary(c), text) {
			r.calls = slices.Delete(r.calls, i, i+1)
			return c
		}
	}
	r.t.Fatalf("no %s is under way", text)
	return nil
}

// answers has a call answered: each message with success, and with fields of a reply if
// some are given.
func (r *rig) answers(text, fields string) {
	r.t.Helper()
	c := r.pick(text)
	r.replies(c, fields)
	r.take(answered{c})
	r.settle()
}

func (r *rig) replies(c *call, fields string) {
	r.t.Helper()
	var list []Reply
	for _, m := range sentBy(c) {
		body := fmt.Sprintf(`{"channel":%q,"id":%q,"successful":true,"clientId":"c1","ext":{"replay":true}}`, m.Channel, m.ID)
		var reply Reply
		if err := errors.Join(json.Unmarshal([]byte(body), &reply), json.Unmarshal([]byte("{"+fields+"}"), &reply)); err != nil {
			r.t.Fatal(err)
		}
		list = append(list, reply)
	}
	r.take(replied{list})
}

// fails has a call fail.
func (r *rig) fails(text string, err error) {
	r.t.Helper()
	c := r.pick(text)
	c.err = err
	r.take(answered{c})
	r.settle()
}

// settle has handlers catch up.
func (r *rig) settle() {
	for len(r.rest) > 0 {
		s := r.rest[0]
		r.rest = r.rest[1:]
		r.take(settled{s})
	}
}

// pass lets time go by, and has the alarm ring if it is due.
func (r *rig) pass(d time.Duration) {
	r.now = r.now.Add(d)
	if due := r.m.state.deadline(); !due.IsZero() && !r.now.Before(due) {
		r.take(alarm{})
	}
}

// connected is a rig whose Run has come to a held connect by a connection type.
func connected(t *testing.T, kind string, others ...string) *rig {
	t.Helper()
	r := newRig(t, Options{ConnectionTypes: append([]string{kind}, others...), Replay: true})
	r.run()
	if kind == webSocketType {
		r.opens(nil)
	}
	r.answers("handshake", "")
	r.answers("at once", "")
	if kind == eventSourceType {
		r.opens(nil)
	}
	if len(r.calls) != 1 || !strings.HasPrefix(summary(r.calls[0]), "connect "+kind) {
		t.Fatalf("under way: %d calls, did %q", len(r.calls), r.did)
	}
	r.did = nil
	return r
}

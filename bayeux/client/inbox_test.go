package client

import (
	"slices"
	"sync"
	"testing"
)

// kept is a handler that keeps data in order; it is called by one goroutine at a time.
func kept(b *inbox) *[]string {
	var got []string
	b.table.set(registration{pattern: "/**", handler: func(m Message) { got = append(got, string(m.Data)) }})
	return &got
}

func messages(data ...string) (list []Message) {
	for _, d := range data {
		list = append(list, Message{Channel: "/a", Data: []byte(d)})
	}
	return list
}

// What came by a connection is handled before what came by the next one, and after all that
// may still come by the one before.
func TestLanesTakeTurns(t *testing.T) {
	b := newInbox()
	got := kept(b)
	first, second, third, never := b.newLane(), b.newLane(), b.newLane(), b.newLane()
	if b.put(first, messages("1")) != nil || b.put(never, messages("x")) != nil {
		t.Error("a lane has its turn before it is used")
	}
	b.use(first)
	<-b.settled()
	b.use(second)
	b.use(third)
	b.put(third, messages("5"))
	b.put(second, messages("3", "4"))
	<-b.put(first, messages("2"))
	b.end(second) // though the first is not over
	<-b.settled()
	if want := []string{"1", "2"}; !slices.Equal(*got, want) {
		t.Fatalf("handled %v, want %v", *got, want)
	}
	b.end(first)
	<-b.settled()
	<-b.put(third, messages("6"))
	b.end(third)
	<-b.put(first, messages("7")) // by a request after all
	if want := []string{"1", "2", "3", "4", "5", "6", "7"}; !slices.Equal(*got, want) {
		t.Errorf("handled %v, want %v", *got, want)
	}
}

// A handler that waits for a reply is not waited for by the reading of that reply, nor one
// whose connection is to be closed.
func TestReadingWaitsForHandlers(t *testing.T) {
	for name, end := range map[string]func(*lane){
		"a caller": func(l *lane) { l.wait(1) },
		"the end":  func(l *lane) { l.hurry() },
		"handlers": func(l *lane) { l.in.use(l) },
	} {
		b := newInbox()
		kept(b)
		l := b.newLane()
		b.put(l, messages(string(make([]byte, maxBacklog+1))))
		read := make(chan struct{})
		go func() {
			l.awaitRoom()
			close(read)
		}()
		until := func(paused bool) {
			for l.isPaused() != paused {
			}
		}
		until(true)
		select {
		case <-read:
			t.Errorf("%s: reading does not wait", name)
		default:
		}
		end(l)
		<-read
		until(false)
		<-b.settled()
	}
}

// Functions run one after the other in the order of their posting, whoever posts.
func TestMailboxIsInOrder(t *testing.T) {
	var b mailbox
	var group sync.WaitGroup
	const each = 1000
	last, all := map[int]int{}, make(chan struct{}) // not guarded: the race detector watches it
	for source := range 4 {
		group.Go(func() {
			for n := range each {
				b.post(func() {
					if last[source] != n {
						t.Errorf("source %d: %d after %d", source, n, last[source])
					}
					last[source] = n + 1
				})
			}
		})
	}
	group.Wait()
	b.post(func() { close(all) })
	<-all
}

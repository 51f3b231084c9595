package loop

import (
	"net/http"
	"testing"

	"halley/bayeux"
)

// An event-stream without Bayeux waits for a verdict as a message does.
func TestEventsWaitForTheVerdict(t *testing.T) {
	t.Parallel()
	s, j := startJudged(t, 2)
	for range 4 {
		a := dial(t, s)
		a.send(getRequest("/events?channel=/wait", "Accept: text/event-stream\r\n"))
		verdict := j.next(t)
		go verdict(bayeux.Allow)
		response, err := http.ReadResponse(a.in, nil)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, response.StatusCode, 200)
		a.Close()
	}
	a := dial(t, s)
	a.send(getRequest("/events?channel=/wait", "Accept: text/event-stream\r\n"))
	go j.next(t)(bayeux.Deny)
	equal(t, a.read().StatusCode, 403)
	eventually(t, func() bool { return s.Stats().Sessions == 0 })
}

// An authority that panics leaves nothing of the session that was made for the stream.
func TestEventsOfAPanickingAuthority(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Authority = new(touchy) })
	a := dial(t, s)
	a.send(getRequest("/events?channel=/panic", "Accept: text/event-stream\r\n"))
	a.mustClose()
	equal(t, s.Stats().Sessions, 0)
	equal(t, s.Stats().Panics, 1)
}

package loop

import (
	"errors"
	"testing"

	"halley/loop/bus"
)

// A batch is weighed before it is accepted: one that never fits is refused for good,
// one that does not fit now may come again. What nobody hears weighs nothing.
func TestBatchThatDoesNotFit(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.MaxMailbox = 64 << 10 })
	w := dial(t, s)
	id := w.subscriber("/a")
	w.holdConnect(s, id)
	many := func(n int, channel string) (batch []Publication) {
		for range n {
			batch = append(batch, publication(channel, "1")...)
		}
		return batch
	}
	fits := s.cfg.MaxMailbox / (bus.MessageCost + len("/a") + len("1") + eventFrame)
	if err := s.Publish(many(10*fits, "/nobody")); err != nil {
		t.Error(err)
	}
	if err := s.Publish(many(fits+1, "/a")); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a batch larger than the mailbox: %v", err)
	}
	goOn := standStill(s, 0)
	if err := s.Publish(many(fits*2/3, "/a")); err != nil {
		t.Error(err)
	}
	if err := s.Publish(many(fits*2/3, "/a")); !errors.Is(err, ErrBusy) {
		t.Errorf("a batch beside one that waits: %v", err)
	}
	goOn()
	eventually(t, func() bool { return s.waitingFor(0) == 0 })
	equal(t, len(events(w.messages())), fits*2/3)
}

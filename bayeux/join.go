package bayeux

import (
	"halley/bayeux/channel"
	"halley/bayeux/event"
	"halley/bayeux/fanout"
	"halley/bayeux/history"
	"halley/bayeux/rules"
)

// joins are the subscriptions that wait for what is remembered: how many, by pattern.
type joins map[string]int

// begin notes the loop's interest in patterns.
func (j joins) begin(list []history.Wanted, fx *Effects) {
	for _, w := range list {
		j[w.Pattern]++
		fx.interest(AddInterest, []byte(w.Pattern))
	}
}

// end takes back the interest that begin noted, where no subscription came of it.
func (j joins) end(list []history.Wanted, f *fanout.Fanout, fx *Effects) {
	for _, w := range list {
		if j[w.Pattern]--; j[w.Pattern] > 0 {
			continue
		}
		delete(j, w.Pattern)
		if !f.Known([]byte(w.Pattern)) {
			fx.interest(RemoveInterest, []byte(w.Pattern))
		}
	}
}

// leave tells that the last subscriber of a pattern is gone, unless others are about to
// come.
func (j joins) leave(pattern []byte, fx *Effects) {
	if j[string(pattern)] == 0 {
		fx.interest(RemoveInterest, pattern)
	}
}

// recallable tells which events come with a replay of patterns.
func recallable(patterns *channel.Map[bool], book *rules.Book) func(event.Event) bool {
	var topic []byte
	return func(e event.Event) (recallable bool) {
		topic = append(topic[:0], e.Topic()...)
		patterns.Each(topic, func(bool) bool {
			recallable = book.Of(topic).History
			return false
		})
		return recallable
	}
}

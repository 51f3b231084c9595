package loop

import (
	"cmp"
	"slices"
	"strings"

	"halley/bayeux/event"
)

// ranking finds the channels with the most to do, in bounded memory and time for each event: space-saving, by Metwally, Agrawal
// and El Abbadi (2005). A channel that it does not have takes the place of the one with the least weight, and that weight: so no
// channel of more than a ranked-th of all weight is missing, and none weighs less here than in truth.
type ranking struct {
	places []ChannelRate
	at     map[string]int // places by channel
}

// ChannelRate is what went over a channel in some time.
type ChannelRate struct {
	Channel string
	Events  int // that were published; about, where there are many channels
	Given   int // to subscribers, at once
}

// ranked is how many channels a ranking has at most.
const ranked = 64

// weight is what channels are ranked by: what they cost.
func (c ChannelRate) weight() int { return c.Events + c.Given }

func newRanking() *ranking { return &ranking{at: make(map[string]int, ranked)} }

// heard counts an event that so many subscribers got.
func (r *ranking) heard(channel string, subscribers int) {
	i, known := r.at[channel]
	if !known {
		i = r.place(strings.Clone(channel)) // or the whole event would be kept
	}
	r.places[i].Events++
	r.places[i].Given += subscribers
}

// place finds a place for a channel.
func (r *ranking) place(channel string) int {
	if len(r.places) < ranked {
		r.places = append(r.places, ChannelRate{Channel: channel})
		r.at[channel] = len(r.places) - 1
		return len(r.places) - 1
	}
	least := 0
	for i := range r.places {
		if r.places[i].weight() < r.places[least].weight() {
			least = i
		}
	}
	delete(r.at, r.places[least].Channel)
	r.places[least].Channel = channel
	r.at[channel] = least
	return least
}

// merged adds up the rankings of loops, and returns the first ones, by weight and then by name. An event counts once, though it
// came to several loops.
func merged(all [][]ChannelRate, most int) []ChannelRate {
	sums := make(map[string]ChannelRate)
	for _, one := range all {
		for _, c := range one {
			sum := sums[c.Channel]
			sums[c.Channel] = ChannelRate{c.Channel, max(sum.Events, c.Events), sum.Given + c.Given}
		}
	}
	list := make([]ChannelRate, 0, len(sums))
	for _, c := range sums {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b ChannelRate) int {
		return cmp.Or(b.weight()-a.weight(), strings.Compare(a.Channel, b.Channel))
	})
	return list[:min(most, len(list))]
}

// watch is the ranking of a loop's channels, made while somebody wants to know it.
type watch struct {
	ranking *ranking // nil while nobody does
	asked   int64    // when somebody last did
}

// begin begins a new ranking, and returns what the last one has found.
func (w *watch) begin(now int64) (found []ChannelRate) {
	if w.ranking != nil {
		found = w.ranking.places
	}
	w.ranking, w.asked = newRanking(), now
	return found
}

// heard counts an event that so many sessions got at once.
func (w *watch) heard(e event.Event, subscribers int) {
	if w.ranking != nil {
		w.ranking.heard(e.Channel(), subscribers)
	}
}

// end ends the ranking if nobody has asked for it of late.
func (w *watch) end(now int64) {
	if w.ranking != nil && now-w.asked > watchFor {
		w.ranking = nil
	}
}

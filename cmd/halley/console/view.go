// Proved by TestBeats and TestFiguresThatAreNamedExist.

package console

import (
	"time"

	"halley/cmd/halley/console/samples"
	"halley/loop"
)

// view is what the page is told each second.
type view struct {
	At          int64              `json:"at"` // milliseconds since 1970
	Health      health             `json:"health"`
	UptimeMs    int64              `json:"uptimeMs"`
	Now         map[string]float64 `json:"now"`           // by column
	Row         *rowNow            `json:"row,omitempty"` // that was added to the ring with this view
	Connections connections        `json:"connections"`
	Loops       []loopNow          `json:"loops"`
	Kept        map[string]float64 `json:"kept"` // bytes by owner
	Memory      memory             `json:"memory"`
	History     historyNow         `json:"history"`
	Troubles    []count            `json:"troubles"`
	Top         []channelNow       `json:"top"`
	Slow        []slowNow          `json:"slow"`
	Notes       []note             `json:"notes"`
	Others      []otherNow         `json:"others"`
	Facts       []factNow          `json:"facts"`
}

// rowNow is a row of the ring.
type rowNow struct {
	Number int                `json:"number"`
	Values map[string]float64 `json:"values"` // by column
}

type connections struct {
	Most   int64            `json:"most"`
	Held   int64            `json:"held"`
	Slow   int64            `json:"slow"`
	ByType map[string]int64 `json:"byType"` // those that wait for events
}

type loopNow struct {
	Busy      float64 `json:"busy"` // share of its time
	LagMs     int64   `json:"lagMs"`
	TurnMs    float64 `json:"turnMs"` // that 99 % of its turns keep within
	LongestMs float64 `json:"longestMs"`
}

type memory struct {
	Used int64 `json:"used"`
	Most int64 `json:"most"`
}

type historyNow struct {
	Events  int     `json:"events"`
	Bytes   int     `json:"bytes"`
	Read    float64 `json:"read"` // events a second
	Failing bool    `json:"failing"`
}

type channelNow struct {
	Channel string  `json:"channel"`
	Events  float64 `json:"events"` // a second
	Given   float64 `json:"given"`
}

type slowNow struct {
	Session string `json:"session"`
	Address string `json:"address"`
	Type    string `json:"type"`
	Bytes   int    `json:"bytes"`
	StuckMs int64  `json:"stuckMs"`
}

// viewOf puts together what a change of the last second shows.
func viewOf(c change) view {
	s := &c.to.stats
	f := view{
		At: c.to.at.UnixMilli(), UptimeMs: s.Uptime.Milliseconds(),
		Now: c.byColumn(), Kept: make(map[string]float64),
		Connections: connections{Most: s.MostConnected, Held: s.Held, Slow: s.Slow, ByType: make(map[string]int64)},
		Memory:      memory{s.Memory, s.MaxMemory},
		History:     historyNow{s.History.Events, s.History.Bytes, samples.Rounded(c.rate("history_events_read_total")), s.History.Failing},
		Troubles:    c.counts(),
		Others:      c.others(),
		Facts:       c.facts(),
	}
	for i, n := range s.Waiting {
		f.Connections.ByType[loop.ByType{}.Label(i)] = n
	}
	for _, owner := range []string{"output", "input", "queues", "nodes", "mailboxes", "history", "subscriptions", "claims", "repeats", "presence"} {
		f.Kept[owner] = c.to.values["kept_bytes "+owner]
	}
	for i, l := range s.Loops {
		f.Loops = append(f.Loops, loopNow{samples.Rounded(c.busy(i)), l.Lag.Milliseconds(), milliseconds(c.turns(i).Below(0.99)), milliseconds(l.Longest)})
	}
	return f
}

func milliseconds(d time.Duration) float64 { return samples.Rounded(float64(d.Microseconds()) / 1000) }

// ranked are channels by the second.
func ranked(rates []loop.ChannelRate, seconds float64) []channelNow {
	list := []channelNow{}
	for _, r := range rates {
		list = append(list, channelNow{r.Channel, samples.Rounded(float64(r.Events) / seconds), samples.Rounded(float64(r.Given) / seconds)})
	}
	return list
}

func slowest(clients []loop.SlowClient) []slowNow {
	list := []slowNow{}
	for _, c := range clients {
		list = append(list, slowNow(c))
	}
	return list
}

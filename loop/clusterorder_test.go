package loop

import (
	"strings"
	"testing"

	"halley/bayeux"
	"halley/bayeux/event"
	"halley/bayeux/rules"
	"halley/loop/bus"
	"halley/loop/journal"
	"halley/loop/sequence"
)

// busyCluster is of one node, whose order takes nothing.
type busyCluster struct{ *nodesCluster }

func (c busyCluster) Log(local *sequence.Local) sequence.Log { return busyLog{local} }

type busyLog struct{ *sequence.Local }

func (l busyLog) Publish(_ event.Event, _ rules.Behaviour, stored func(error)) {
	stored(journal.ErrBusy)
}

// A client that publishes to a channel with a history is answered when the cluster has its message, and told if it has not.
func TestPublisherWaitsForTheClustersOrder(t *testing.T) {
	t.Parallel()
	l := &nodesLink{t: t, effects: make(map[bayeux.EffectKind]int), reports: make(map[bayeux.ReportKind]int), kinds: make(map[bus.Kind]int)}
	l.nodes = map[uint16]*nodesLink{0: l}
	s := made(t, func(c *Config) {
		c.Rules, c.Cluster = []string{"/kept/* history=10"}, busyCluster{&nodesCluster{nodesLink: l}}
	})
	s.runUntilEnd(t)
	w := dial(t, s)
	id := w.subscriber("/kept/*")
	reply := w.bayeux(publish(id, "/kept/a", "1"))[0]
	text, _ := reply["error"].(string)
	if reply["successful"] != false || !strings.HasPrefix(text, "5") {
		t.Errorf("answered %v", reply)
	}
}

// Proved by TestWatchersInOrder, TestGoneAndBack and TestVersions.

package nodes

import "halley/loop/cluster/wire"

// change changes what is known, says what has to be said at once, and tells of what is new.
func (n *Nodes) change(how func()) {
	n.mu.Lock()
	how()
	n.settle()
	if n.telling {
		n.mu.Unlock()
		return // whoever tells goes on with it
	}
	n.telling = true
	for len(n.news) > 0 {
		first := n.news[0]
		n.news = n.news[1:]
		watchers := n.watchersOf(&first)
		n.mu.Unlock()
		n.tell(&first, watchers)
		n.mu.Lock()
		n.settle()
	}
	n.telling = false
	n.mu.Unlock()
}

// settle does what follows from a change.
func (n *Nodes) settle() {
	t := &n.table
	if t.speak {
		n.beat()
	}
	if len(t.news) > 0 || t.turned {
		joined, apart := t.known()
		n.joined.Store(&joined)
		n.apart.Store(&apart)
		n.news, t.news, t.turned = append(n.news, t.news...), nil, false
	}
}

// beat sends a heartbeat, if this node is one of the cluster.
func (n *Nodes) beat() {
	n.table.speak, n.beatAt = false, n.o.Clock.Now()+n.o.Timeout/beats
	if n.phase != claiming && !n.o.Wire.Send(wire.Message{Subject: n.subject(), Data: n.heartbeat().append(nil)}) {
		n.table.figures.Unsent++
	}
}

// heartbeat is what this node has to say.
func (n *Nodes) heartbeat() *heartbeat {
	return &heartbeat{Number: n.number, Of: n.self, Phase: n.phase, Versions: n.o.Versions, Address: n.o.Address, Loops: n.o.Loops, Epochs: n.table.epochs()}
}

// watchersOf are who has to hear a piece of news. Those who have something to close are waited for.
func (n *Nodes) watchersOf(what *news) []Watcher {
	if e := n.table.entries[what.node.Number]; what.kind == lost && e != nil && e.Incarnation == what.node.Incarnation {
		e.left += len(n.watchers)
	}
	return n.watchers
}

// tell tells of a piece of news.
func (n *Nodes) tell(what *news, watchers []Watcher) {
	node := what.node
	log := n.o.Log.With("node", node.Number, "address", node.Address)
	switch what.kind {
	case came:
		log.Info("works with another node of the cluster", "epoch", node.Epoch)
		for _, w := range watchers {
			w.Came(node)
		}
	case lost:
		if what.why == farewell {
			log.Info("a node has left the cluster")
		} else {
			log.Warn("a node of the cluster is lost: its clients have to shake hands anew", "since", string(what.why))
		}
		for _, w := range watchers {
			w.Gone(node, func() { n.closed(node) })
		}
		n.closed(node)
	case refused:
		log.Error("a node of the cluster is not let in: it speaks no version of the protocol that this one speaks", "least", n.o.Versions.Least, "most", n.o.Versions.Most)
	case younger:
		log.Error("two nodes of the cluster have one number: the younger one is passed over, and has to start anew")
	}
}

// closed notes that one of those who held something for a node has closed it.
func (n *Nodes) closed(node Node) {
	n.change(func() { n.table.closed(node.Number, node.Incarnation) })
}

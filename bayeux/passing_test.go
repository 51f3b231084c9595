package bayeux

import "halley/bayeux/event"

// knownRouters lets a message pass once, and not if it has passed this server.
type knownRouters struct {
	marks  bool
	number uint64
	seen   map[uint64]bool
}

const thisNode = "00000000000000aa"

func (k *knownRouters) Node() string { return thisNode }

func (k *knownRouters) Mark([]byte) (t event.Trail) {
	if k.marks {
		k.number++
		t.Origin, t.Number = thisNode, k.number
	}
	return t
}

func (k *knownRouters) Admit(t event.Trail, _, _ []byte) bool {
	if t.Over() || t.Has(thisNode) || k.seen[t.Number] {
		return false
	}
	if k.seen == nil {
		k.seen = make(map[uint64]bool)
	}
	if t.Origin != "" {
		k.seen[t.Number] = true
	}
	return true
}

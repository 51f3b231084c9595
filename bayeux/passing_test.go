package bayeux

import "halley/bayeux/event"

// knownRouters marks messages, or does not.
type knownRouters struct {
	marks  bool
	number uint64
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

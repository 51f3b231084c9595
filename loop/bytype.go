package loop

import "halley/bayeux"

// waitingType is the kind of ByType of a connection; false if it waits for no event.
func (c *conn) waitingType() (i int, waits bool) {
	switch {
	case c.phase == holding && c.callback != nil:
		return 1, true
	case c.phase == holding:
		return 0, true
	case c.stream == nil || c.phase != streaming && c.phase != upgraded:
		return 0, false
	case c.stream.endless:
		return len(waitingTypes) - 1, true
	}
	return typeIndex(c.stream.kind), true
}

// typeIndex is the kind of ByType of a stream.
func typeIndex(kind bayeux.ConnectionType) int {
	for i, name := range waitingTypes {
		if name == kind.String() {
			return i
		}
	}
	return 0
}

// begins counts a connection that has begun to wait for events.
func (n *ByType) begins(c *conn) {
	if i, waits := c.waitingType(); waits {
		n[i]++
	}
}

// ends counts a connection that is about to end its wait, if it waits.
func (n *ByType) ends(c *conn) {
	if i, waits := c.waitingType(); waits {
		n[i]--
	}
}

package loop

import "halley/bayeux"

// ByType counts connections that wait for events, by what they wait with: a connection type, or an event-stream without Bayeux.
type ByType [len(waitingTypes)]int64

// waitingTypes are the kinds of ByType. What Faye calls cross-origin-long-polling is long-polling here.
var waitingTypes = [...]string{
	bayeux.LongPolling.String(), bayeux.CallbackPolling.String(), bayeux.WebSocket.String(), bayeux.EventSource.String(),
	bayeux.XHRStreaming.String(), bayeux.Iframe.String(), bayeux.MimeMessageBlock.String(), "events",
}

// Label implements metric.Labels.
func (ByType) Label(i int) string { return waitingTypes[i] }

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

// nowWaits counts a connection that has begun to wait for events.
func (m *common) nowWaits(c *conn) {
	if i, waits := c.waitingType(); waits {
		m.counters.Waiting[i]++
	}
}

// waitsNoMore counts a connection that is about to end its wait, if it waits.
func (m *common) waitsNoMore(c *conn) {
	if i, waits := c.waitingType(); waits {
		m.counters.Waiting[i]--
	}
}

// Proved by TestExtensions.

package faulty

import (
	"encoding/json"
	"fmt"
	"strings"
)

// extensions are what a client asks for by the field ext.
type extensions struct {
	Ack      json.RawMessage `json:"ack"`
	Replay   json.RawMessage `json:"replay"`
	Conflate json.RawMessage `json:"conflate"`
}

// confirm notes what a handshake asks for and says that it will be so. The caller holds the lock.
func (s *Server) confirm(ses *session, asks extensions) string {
	if s.faults.NoExtensions || asks.Ack == nil && asks.Replay == nil {
		return ""
	}
	ses.asks = asks
	return fmt.Sprintf(`,"ext":{"ack":%v,"replay":%v}`, asks.Ack != nil, asks.Replay != nil)
}

// numberReply numbers a connect reply of a session that acknowledges.
func (s *Server) numberReply(ses *session) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ses.asks.Ack == nil {
		return ""
	}
	if ses.ack == 0 || !s.faults.StuckAcks {
		ses.ack++
	}
	return fmt.Sprintf(`,"ext":{"ack":%d}`, ses.ack)
}

// replayID is the number that the session sees a message by. The caller holds the lock.
func (s *Server) replayID(ses *session) string {
	if ses.asks.Replay == nil {
		return ""
	}
	return fmt.Sprintf(`,"replayId":%d`, s.number)
}

// enqueue puts a message on the queue, in the place of an older one of its channel if
// the session asked for that. The caller holds the lock.
func (s *Server) enqueue(ses *session, text string) {
	channel, _, _ := strings.Cut(text, ",")
	for i := range ses.queue {
		if ses.asks.Conflate != nil && !s.faults.NoExtensions && strings.HasPrefix(ses.queue[i], channel+",") {
			ses.queue[i] = text
			return
		}
	}
	ses.queue = append(ses.queue, text)
}

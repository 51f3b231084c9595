// Proved by bayeux/testdata/dropped.txt and bayeux/testdata/ack*.txt.

package bayeux

import "halley/bayeux/reply"

// connectReply is what a reply to /meta/connect says beyond its events.
type connectReply struct {
	advice   connectAdvice
	interval int64      // in the advice, in milliseconds
	last     string     // advice that ends the session, in place of the other
	failure  reply.Code // why the session ends
	ended    bool       // preceded by a delivered /meta/disconnect
	left     bool       // its client has gone on elsewhere, where the events go
	losses   bool       // it tells of dropped events
}

// connectAdvice is how a client is told to go on.
type connectAdvice uint8

const (
	asBefore  connectAdvice = iota // no advice: what its client was told holds
	retry                          // connect again after the interval
	enough                         // likewise: its browser holds enough polls already
	heartbeat                      // likewise, and expect no waiting: events come on a stream
)

// advise has the reply tell an interval.
func (c *connectReply) advise(interval int64) {
	if c.interval = interval; c.advice == asBefore {
		c.advice = retry
	}
}

// advisedReply is the usual reply to the held connect of r.
func advisedReply(r *session) connectReply {
	answer := connectReply{interval: r.told}
	if r.advise {
		answer.advice = retry
	}
	return answer
}

// bytes is about how long the reply is, without events, if the news of losses has so many.
func (c *connectReply) bytes(losses int) int {
	if !c.losses {
		losses = 0
	}
	return 512 + losses
}

func (s *Server) appendConnectReply(dst []byte, now int64, slot uint32, id []byte, answer connectReply) []byte {
	failure := answer.failure
	if answer.ended && s.terms.Salesforce {
		failure = reply.Unauthenticated // what ends a session there
	}
	dst = s.terms.Append(dst, now, []byte(metaConnect), id, failure)
	r := s.sessions.At(slot)
	dst = s.appendClient(dst, slot, r)
	switch {
	case answer.last != "":
		dst = reply.AppendAdvice(dst, answer.last)
	case answer.advice == heartbeat:
		dst = s.terms.AppendHeartbeat(dst)
	case answer.advice != asBefore:
		dst = s.terms.AppendRetry(dst, answer.interval, answer.advice == enough)
	}
	if answer.advice != asBefore {
		r.told = answer.interval
	}
	e := reply.Ext{Dst: dst}
	if answer.losses {
		e.Dropped(s.queues.TellLosses(&r.queue))
	}
	if r.queue.Acknowledges() {
		e.Ack(r.queue.NextReply())
	}
	if sync, ok := s.syncs[slot]; ok {
		delete(s.syncs, slot)
		sync.Append(&e, now)
	}
	return append(e.End(), '}')
}

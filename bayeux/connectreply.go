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
	answer := connectReply{interval: int64(r.told)}
	if r.advise == heldReply || r.advise == eachReply && r.advised != EventSource {
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

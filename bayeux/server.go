// Proved by TestKept, TestManyExpireTogether and bayeux/testdata/outlet-*.txt.

package bayeux

import (
	"halley/bayeux/fanout"
	"halley/bayeux/message"
	"halley/bayeux/queue"
	"halley/bayeux/reply"
	"halley/bayeux/rules"
	"halley/bayeux/wheel"
	"halley/bayeux/work"
)

// Server is the protocol state of one event loop. It is not safe for concurrent
// use.
type Server struct {
	*work.Meter // which the loop spends units of too

	cfg      Config
	periods  periods     // of cfg
	rules    *rules.Book // of cfg.Rules
	terms    reply.Terms // of cfg
	sessions sessions
	queues   *queue.Store
	fanout   *fanout.Fanout
	lazies   lazies
	wheel    *wheel.Wheel
	stats    Stats

	dirty    addresses // sessions whose held connect or stream has something to get
	doomed   addresses // those that are to end
	expired  []uint32
	longIDs  longIDs
	offer    offer
	polls    browserPolls
	parked   map[Ticket]*parked
	backlogs backlogs
	ticket   Ticket
	behind   bool                      // see Behind
	syncs    map[uint32]reply.Timesync // of connects that are not answered yet
	joins    joins
	replays  replays
	reading  addresses // sessions whose replay may go on
	storms   storms
	grants   grants

	reader   subscriptionReader
	exchange exchange
	resumed  message.Batch // scratch of goOn
	noise    noise
	tickSoon int64 // until when a poll is held whose client wants it back soon
	drain
}

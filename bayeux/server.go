// Proved by TestKept, TestManyExpireTogether and bayeux/testdata/outlet-*.txt.

package bayeux

import (
	"halley/bayeux/fanout"
	"halley/bayeux/queue"
	"halley/bayeux/reply"
	"halley/bayeux/rules"
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
	stats    Stats

	agenda
	deadlines
	batches
	drain
	longIDs  longIDs
	offer    offer
	polls    browserPolls
	composer composer
	joins    joins
	repeats  repeats
	replays  replays
	storms   storms
	grants   grants

	reader   subscriptionReader
	exchange exchange
	noise    noise
}

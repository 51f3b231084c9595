// Proved by TestSessionsAsTheOperatorSeesThem and TestReplacedEventHasRoomBesidePauses.

package bayeux

import "halley/bayeux/queue"

// Stats counts what a Server has done. A field is all that a counter needs: its tag names it for the
// metrics page, see package loop/metric.
type Stats struct {
	queue.Stats
	Sessions     int64  `metric:"sessions" help:"Sessions."`
	Held         int64  `metric:"held_polls" help:"Connects held."`
	Handshakes   uint64 `metric:"handshakes_total" help:"Sessions opened."`
	Damped       uint64 `metric:"handshakes_damped_total" help:"Handshakes refused, since no second connect followed many of their source."`
	Expired      uint64 `metric:"sessions_expired_total" help:"Sessions that ended without a disconnect."`
	Lapsed       uint64 `metric:"sessions_lapsed_total" help:"Sessions that ended since what their clients had proved, such as a token, was good no longer."`
	Guessed      uint64 `metric:"clientids_wrong_total" help:"Requests with a clientId that is like one of a session but for its secret: guesses."`
	Displaced    uint64 `metric:"connects_displaced_total" help:"Held connects that a second one replaced."`
	MessagesIn   uint64 `metric:"messages_received_total" help:"Bayeux messages from clients."`
	Published    uint64 `metric:"messages_published_total" help:"Messages accepted for subscribers, from clients and from back-ends."`
	Repeated     uint64 `metric:"publishes_repeated_total" help:"Publishes that clients repeated, since no reply had come: answered once more, and not delivered again."`
	Offered      uint64 `metric:"messages_offered_total" help:"Messages given to the queues of subscribers."`
	Delivered    uint64 `metric:"messages_delivered_total" help:"Messages written to subscribers."`
	Bounced      uint64 `metric:"messages_bounced_total" help:"Messages that went back to their queue, since their connection had closed."`
	Shed         uint64 `metric:"memory_shed_total" help:"Events that were given up because memory was short."`
	ShedSessions uint64 `metric:"memory_sessions_ended_total" help:"Sessions with many subscriptions that were ended because memory was short."`
	Yields       uint64 `metric:"batches_yielded_total" help:"Batches that made way for others and went on in a later turn."`
	Errors       uint64 `metric:"bayeux_errors_total" help:"Replies that refused a message."`
}

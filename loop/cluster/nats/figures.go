// Proved by TestMesh.

package nats

import "sync/atomic"

// Figures are what the connection to NATS has carried so far.
type Figures struct {
	Up            bool   `metric:"cluster_connected" help:"1 while there is a connection to NATS."`
	Sent          uint64 `metric:"cluster_wire_sent_total" help:"Messages to other nodes, one for all who want it."`
	SentBytes     uint64 `metric:"cluster_wire_sent_bytes_total" help:"Bytes of the messages to other nodes."`
	Received      uint64 `metric:"cluster_wire_received_total" help:"Messages of other nodes."`
	ReceivedBytes uint64 `metric:"cluster_wire_received_bytes_total" help:"Bytes of the messages of other nodes."`
	Lost          uint64 `metric:"cluster_wire_unsent_total" help:"Messages that did not go to other nodes, since there was no connection."`
	Refused       uint64 `metric:"cluster_wire_refused_total" help:"Messages that did not go to other nodes, since too many waited."`
	Unfit         uint64 `metric:"cluster_wire_unfit_total" help:"Messages that did not go to other nodes, since NATS takes none like them."`
	Losses        uint64 `metric:"cluster_losses_total" help:"Times that messages of other nodes were lost with the connection, or for want of room."`
	Subjects      int64  `metric:"cluster_wire_subjects" help:"Subjects that this node subscribes to."`
	StoreGone     bool   `metric:"cluster_store_gone" help:"1 when the NATS server of this process has given up its part of the history until this node is started again, mostly since the disk was full."`
	Waiting       int64  `metric:"cluster_waiting_bytes" help:"Bytes that wait to go to other nodes."`
}

// counts are what is counted as it happens.
type counts struct {
	sent, sentBytes, received, receivedBytes, losses, unfit atomic.Uint64
}

// Figures are those of now.
func (w *Wire) Figures() Figures {
	f := Figures{
		Up: w.Up(), Sent: w.counts.sent.Load(), SentBytes: w.counts.sentBytes.Load(),
		Received: w.counts.received.Load(), ReceivedBytes: w.counts.receivedBytes.Load(),
		Unfit: w.counts.unfit.Load(), Losses: w.counts.losses.Load(),
		Subjects: int64(w.subscriptions.count()), Waiting: int64(w.outbox.waiting()), StoreGone: w.server.storeGone(),
	}
	f.Lost, f.Refused = w.outbox.counts()
	return f
}

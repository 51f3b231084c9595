// Proved by TestPublish and TestHolesAreHealed.

package order

// Figures are what the order of the cluster has done, as this node knows it.
type Figures struct {
	Leader   bool   `metric:"cluster_history_leader" help:"1 while the stream of the cluster's history has a leader, as far as this node knows."`
	Ready    bool   `metric:"cluster_history_ready" help:"1 when this node has caught up with the stream."`
	Lag      int64  `metric:"cluster_history_lag" help:"Events that the stream has and this node has not got yet."`
	Waiting  int    `metric:"cluster_history_waiting_bytes" help:"Bytes of events that wait to be stored."`
	Stored   uint64 `metric:"cluster_history_stored_total" help:"Events published here that the stream has stored."`
	Refused  uint64 `metric:"cluster_history_refused_total" help:"Events published here that were refused, since the stream had no leader or too much waited."`
	Failed   uint64 `metric:"cluster_history_failed_total" help:"Events published here that the stream would not take."`
	Unknown  uint64 `metric:"cluster_history_unknown_total" help:"Events published here of which the stream has not said whether it stored them."`
	Repeated uint64 `metric:"cluster_history_repeats_total" help:"Times that what was under way to the stream went once more."`
	Known    uint64 `metric:"cluster_history_duplicates_total" help:"Events published here that were left out, since another node had published one of their key."`
	Heard    uint64 `metric:"cluster_history_received_total" help:"Events that the stream has passed on to this node."`
	Copies   uint64 `metric:"cluster_history_copies_total" help:"Of these, those that had come before."`
	Foreign  uint64 `metric:"cluster_history_foreign_total" help:"Messages of the stream that are no events, and were dropped."`
	Reads    uint64 `metric:"cluster_history_reads_total" help:"Requests for missing events of the stream."`
	Healed   uint64 `metric:"cluster_history_healed_total" help:"Events that had not come and were read."`
	Lost     uint64 `metric:"cluster_history_lost_total" help:"Events that had not come, and that the stream had deleted before they were read; subscribers were told."`
	Renewed  uint64 `metric:"cluster_history_renewed_total" help:"Times that the numbers of the stream began anew."`
	Delayed  int    `metric:"cluster_history_delayed" help:"Subscriptions that wait for events which another node has had already."`
}

// Figures are those of now.
func (l *Log) Figures() Figures {
	l.line.mu.Lock()
	c := l.line.counts
	figures := Figures{
		Leader: l.line.open, Waiting: l.line.bytes, Stored: c.stored, Refused: c.refused, Failed: c.failed, Unknown: c.unknown,
		Repeated: c.repeated, Known: c.known,
	}
	l.line.mu.Unlock()
	l.feed.mu.Lock()
	defer l.feed.mu.Unlock()
	f := l.feed.counts
	figures.Ready, figures.Lag, figures.Delayed = l.feed.phase == live, l.feed.lag(), len(l.feed.queries)
	figures.Heard, figures.Copies, figures.Foreign, figures.Reads = f.heard, f.copies, f.foreign, f.read
	figures.Healed, figures.Lost, figures.Renewed = f.healed, f.lost, f.renewed
	return figures
}

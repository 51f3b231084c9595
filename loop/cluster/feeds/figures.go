// Proved by TestImport, TestExport and TestSlowImport.

package feeds

import "sync/atomic"

// Figures are what the feeds have done so far.
type Figures struct {
	Connected  bool     `metric:"feed_connected" help:"1 while there is a connection to the NATS servers of the feeds."`
	Reconnects uint64   `metric:"feed_connections_lost_total" help:"Connections to the NATS servers of the feeds that were lost."`
	Imports    []Import `label:"import"`
	Exports    []Export `label:"export"`
}

// Import is the figures of one import.
type Import struct {
	Text      string
	Received  uint64 `metric:"feed_received_total" help:"Messages that came from NATS, by import; each node of a cluster gets them."`
	Published uint64 `metric:"feed_published_total" help:"Messages from NATS that were published here, by import."`
	Refused   uint64 `metric:"feed_refused_total" help:"Messages from NATS that can never be published: no channel has such a name, or they are too large."`
	Returned  uint64 `metric:"feed_returned_total" help:"Messages from NATS that this server or its cluster had exported."`
	Repeated  uint64 `metric:"feed_repeated_total" help:"Messages that JetStream has sent again though they were published."`
	Missed    uint64 `metric:"feed_missed_total" help:"Messages from NATS that were dropped, since too many waited to be published."`
	Gaps      uint64 `metric:"feed_gaps_total" help:"Times that subscribers were told that messages from NATS may be missing."`
	Waiting   int64  `metric:"feed_waiting" help:"Messages from NATS that wait to be published; of a stream, all that are in it."`
}

// Label implements metric.Labelled.
func (i Import) Label() string { return i.Text }

// Export is the figures of one export.
type Export struct {
	Text        string
	Exported    uint64 `metric:"feed_exported_total" help:"Messages that the NATS server has taken, by export."`
	Refused     uint64 `metric:"feed_export_refused_total" help:"Messages that can never go to NATS: too large there, or their subject would be too long or belongs to NATS."`
	Unconfirmed uint64 `metric:"feed_export_unconfirmed_total" help:"Messages that the NATS server may not have got, since the connection was lost before it confirmed them."`
	Overflowed  uint64 `metric:"feed_export_overflowed_total" help:"Messages that were dropped, since too many waited for NATS."`
	Waiting     int64  `metric:"feed_export_waiting" help:"Messages that wait for NATS."`
}

// Label implements metric.Labelled.
func (e Export) Label() string { return e.Text }

// counts are what an import or an export counts as it goes.
type counts struct {
	received, published, refused, returned, repeated, missed, gaps atomic.Uint64
	unconfirmed                                                    atomic.Uint64
	behind                                                         atomic.Int64
}

// Figures are those of now.
func (f *Feeds) Figures() (all Figures) {
	if f == nil {
		return all
	}
	all.Connected, all.Reconnects = f.up.Load(), f.losses.Load()
	for _, i := range f.imports {
		waits, _ := i.inbox.state()
		all.Imports = append(all.Imports, Import{
			Text: i.text, Received: i.counts.received.Load(), Published: i.counts.published.Load(), Refused: i.counts.refused.Load(),
			Returned: i.counts.returned.Load(), Repeated: i.counts.repeated.Load(), Missed: i.counts.missed.Load(),
			Gaps: i.counts.gaps.Load(), Waiting: int64(waits) + i.counts.behind.Load(),
		})
	}
	for _, e := range f.exports {
		waits, dropped := e.outbox.state()
		all.Exports = append(all.Exports, Export{
			Text: e.text, Exported: e.counts.published.Load(), Refused: e.counts.refused.Load(), Unconfirmed: e.counts.unconfirmed.Load(),
			Overflowed: dropped, Waiting: int64(waits),
		})
	}
	return all
}

// Proved by TestTwoNodes and TestMalformed.

package spread

import "sync/atomic"

// Figures are what a Spread has done so far.
type Figures struct {
	Out           uint64 `metric:"cluster_sent_total" help:"Messages published here that went out to other nodes, to each that is interested."`
	OutDropped    uint64 `metric:"cluster_sent_dropped_total" help:"Messages published here that did not go out, since too much waited to go: other nodes tell their subscribers of a gap."`
	In            uint64 `metric:"cluster_received_total" help:"Messages from other nodes."`
	Copies        uint64 `metric:"cluster_received_copies_total" help:"Further copies of these, one for each pattern of this node that overlaps another one."`
	Others        uint64 `metric:"cluster_received_unwanted_total" help:"Messages from other nodes that nobody here wants: they came with a part of all channels."`
	Overflowed    uint64 `metric:"cluster_received_overflowed_total" help:"Messages from other nodes that were dropped, since too many waited for the event loops: their subscribers are told of a gap."`
	Malformed     uint64 `metric:"cluster_malformed_total" help:"Messages between nodes that could not be read."`
	Gaps          uint64 `metric:"cluster_gaps_total" help:"Channels and patterns of which subscribers were told that messages from another node may be missing."`
	GapsOfAll     uint64 `metric:"cluster_gaps_of_all_total" help:"Of these, those that were told to all subscribers, since nobody knows what is missing."`
	Impatient     uint64 `metric:"cluster_subscriptions_unknown_total" help:"Subscriptions that were answered after a second, though not all nodes had said that they know of them: messages from there may be missing, of which their clients are told."`
	Asked         uint64 `metric:"cluster_digests_asked_total" help:"Times that another node was asked to say again what it has published."`
	Channels      int64  `metric:"cluster_channels" help:"Channels whose messages this node gets from other nodes one by one."`
	Patterns      int64  `metric:"cluster_patterns" help:"Patterns with a wildcard whose messages this node gets from other nodes."`
	InBuckets     int64  `metric:"cluster_channels_in_buckets" help:"Channels whose messages come with others of one of 1,024 parts of all channels."`
	Buckets       int64  `metric:"cluster_buckets" help:"Parts of all channels whose messages this node gets."`
	Subscriptions int64  `metric:"cluster_subscriptions" help:"Subscriptions of this node to messages of others."`
	Origins       int64  `metric:"cluster_origins" help:"Nodes that this one hears of messages from."`
}

// counts are what is counted as it goes.
type counts struct {
	out, outDropped, in, copies, others, overflowed, malformed, gaps, gapsOfAll, asked, impatient atomic.Uint64
	origins                                                                                       atomic.Int64
}

// Figures are those of now.
func (s *Spread) Figures() Figures {
	c, subs := s.counts, s.in.wants.subscriptions
	f := Figures{
		Out: c.out.Load(), OutDropped: c.outDropped.Load(), In: c.in.Load(), Copies: c.copies.Load(), Others: c.others.Load(),
		Overflowed: c.overflowed.Load(), Malformed: c.malformed.Load(), Gaps: c.gaps.Load(), GapsOfAll: c.gapsOfAll.Load(),
		Asked: c.asked.Load(), Impatient: c.impatient.Load(), Origins: c.origins.Load(),
		Channels: subs.channels.Load(), Patterns: subs.patterns.Load(), InBuckets: subs.inBuckets.Load(), Buckets: subs.open.Load(),
	}
	f.Subscriptions = f.Channels + f.Patterns + f.Buckets
	return f
}

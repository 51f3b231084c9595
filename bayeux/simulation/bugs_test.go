package simulation

import "testing"

// bug is a fault that is planted into the driver, to see whether the checker finds
// it.
type bug uint8

const (
	noBug bug = iota
	bugDropBounced
	bugEarlyJoin
	bugWrittenEarly
	bugKeepInterest
	bugReorder
	bugForgetGone
	bugDoublePublish
	bugDoubleDeliver
	bugSkipLoop
	bugSnapshotTwice
	bugIDs
	bugForgetAck
	bugLoseLazyTurn
	bugStaleEvent
	bugEarlyRead
	bugSkipPast
	bugEndStream
	bugShortTime
	bugOldNews
	bugNoAdvice
	bugOldAck
	bugEventsBeside
	bugMoveBusy
	bugForgetNode
	bugKeepUnsent
)

var bugs = []struct {
	bug  bug
	name string
	plan string
}{
	{bugDropBounced, "a report of what bounced gets lost", "small"},
	{bugEarlyJoin, "the past comes before live events that precede it", "small"},
	{bugWrittenEarly, "a stuck reply is reported as written", "small"},
	{bugKeepInterest, "the index keeps a loop that has no subscribers any more", "small"},
	{bugReorder, "two events change places in a mailbox", "small"},
	{bugForgetGone, "a session is not told that its connection has closed", "small"},
	{bugDoublePublish, "an event goes to another loop twice", "small"},
	{bugDoubleDeliver, "an event is delivered twice on a loop", "small"},
	{bugSkipLoop, "an interested loop does not get an event", "small"},
	{bugSnapshotTwice, "the last entry of the past comes twice", "small"},
	{bugIDs, "an event has the number of an earlier one", "small"},
	{bugForgetAck, "a connect loses its acknowledgement", "small"},
	{bugLoseLazyTurn, "the clock of waiting events stands still", "small"},
	{bugEarlyRead, "a part of the past comes before live events that precede it", "patient"},
	{bugSkipPast, "a part of the past is not read", "patient"},
	{bugEndStream, "a poll ends the event-stream of its client", "small"},
	{bugShortTime, "a client is given less time than it was told", "small"},
	{bugOldNews, "the news that a reply has left is as old as the reply", "slow"},
	{bugNoAdvice, "a connect reply lacks its advice", "small"},
	{bugOldAck, "a connect acknowledges one reply less than its client has", "bites"},
	{bugForgetNode, "a node does not hear that another one is gone", "nodes"},
	{bugKeepUnsent, "a node sends on what it has of a session whose node is gone", "nodes"},
	{bugEventsBeside, "the reply to a poller's subscribe has an event before it", "small"},
	{bugMoveBusy, "a connection goes to another loop while a reply is under way", "small"},
	{bugStaleEvent, "an old event is delivered once more", "small"},
}

// TestPlantedBugs shows that the checker finds what it is there to find: each fault
// of the driver ends a run within a few worlds, and no run does without one.
func TestPlantedBugs(t *testing.T) {
	for _, planted := range bugs {
		t.Run(planted.name, func(t *testing.T) {
			for seed := uint64(1); seed <= 24; seed++ {
				w, err := run(seed, planOf(planted.plan), 20_000, planted.bug)
				if err == nil {
					continue
				}
				if w.bitten == 0 {
					t.Fatalf("found before it struck: %v", err)
				}
				t.Logf("struck %d times, found at step %d of seed %d", w.bitten, w.step, seed)
				return
			}
			t.Error("not found")
		})
	}
}

func planOf(name string) plan {
	for _, p := range plans() {
		if p.name == name {
			return p
		}
	}
	panic("no plan " + name)
}

package sequence

import "halley/bayeux/history"

// Snapshots are the last events of channels without a history: some of those with a number above from, at most so many. It tells
// where it goes on, and whether there are more.
func (l *Local) Snapshots(from int64, most int) (entries []history.Entry, upto int64, more bool) {
	l.lock()
	defer l.unlock()
	return l.past.Snapshots(from, min(most, mostAtOnce))
}

// Restore remembers what another server has kept of channels without a history, where the rules here want that and nothing newer has
// come. It tells of how many channels. The numbers are those of this server.
func (l *Local) Restore(entries []history.Entry) (restored int) {
	l.lock()
	defer l.unlock()
	for _, e := range entries {
		b := l.rulesOf(e.Channel)
		if !b.Snapshot || b.History || l.past.Has(e.Channel) {
			continue
		}
		if e.ID = l.past.Next(); l.options.Fed {
			e.ID = l.past.Beside()
		}
		l.past.Add(e, l.keepOf(b))
		restored++
	}
	return restored
}

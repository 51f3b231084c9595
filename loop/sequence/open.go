package sequence

import (
	"halley/bayeux/history"
	"halley/loop/journal"
)

// Open reads the history file, if there is one. Numbers begin with the first one, which is to be
// the time of the start, or after those of the file: so those of a later run are greater, and a
// cursor of a run that is forgotten can be told from one of this.
func (l *Local) Open() error { return l.open(nil) }

// Inherit is Open by the successor of a server that has left its order, which goes on without a gap.
func (l *Local) Inherit(e Estate) error { return l.open(&e) }

func (l *Local) open(e *Estate) error {
	if l.options.Fed {
		return nil
	}
	if l.options.HistoryFile == "" {
		l.begin(e)
		return nil
	}
	file, err := l.openFile(func(r journal.Record) { // beside those who look at the figures
		l.mu.Lock()
		defer l.mu.Unlock()
		l.load(r)
	})
	if err != nil {
		return err
	}
	l.setFile(file)
	known := l.last() > 0
	l.begin(e)
	l.expire()
	switch last := l.last(); {
	case file.Damaged:
		l.options.Log.Error("the history file is damaged: cursors from before are refused", "file", l.options.HistoryFile)
		l.forget(last)
		file.Compact()
	case file.Old:
		l.options.Log.Info("the history file gets the form of this version", "file", l.options.HistoryFile)
		file.Compact()
	case known:
		file.Note(journal.Last, last)
	case e != nil:
		file.Compact() // the other one may have had none
	default:
		file.Note(journal.All, last)
	}
	return nil
}

// openFile opens the history file, whose records load gets.
func (l *Local) openFile(load func(journal.Record)) (*journal.File, error) {
	o := l.options.File
	o.Path, o.Sync, o.Image = l.options.HistoryFile, l.options.HistorySync, l.image
	return journal.Open(o, load)
}

func (l *Local) setFile(f file) {
	l.lock()
	defer l.unlock()
	l.file = f
}

// last is the last number that was given.
func (l *Local) last() int64 {
	l.lock()
	defer l.unlock()
	return l.past.Last()
}

// forget drops all up to a number.
func (l *Local) forget(number int64) {
	l.lock()
	defer l.unlock()
	l.past.Forget(number)
}

// begin says with which number this run begins, behind what it has inherited.
func (l *Local) begin(e *Estate) {
	l.lock()
	defer l.unlock()
	switch {
	case e != nil:
		for i := range e.Parts {
			l.take(&e.Parts[i])
		}
		l.past.Skip(e.Last)
		l.past.Begin(e.Last+1, 0)
	case l.options.HistoryFile == "":
		l.past.Begin(l.options.First, 0)
	default:
		l.past.Begin(l.options.First, unwritten)
	}
}

// take remembers a part of what another server has left, as far as the rules here do.
func (l *Local) take(part *history.Image) {
	l.past.Forget(part.Floor)
	for _, f := range part.Floors {
		l.load(journal.Record{Kind: journal.Floor, Entry: history.Entry{Channel: f.Channel, ID: f.ID}})
	}
	for _, entry := range part.Entries {
		if b := l.rulesOf(entry.Channel); b.Remembered() {
			l.past.Add(entry, b.Keep)
		} else {
			l.past.ForgetGone(entry.ID)
		}
	}
	l.past.ForgetGone(part.Gone)
	l.past.Skip(part.Last)
}

// unwritten is more than the events that a crash of the machine can have kept from the
// file, and than the numbers of those that have no history. Subscribers may have seen
// them: their numbers are not given again, or who goes on from one of them would miss
// its namesake.
const unwritten = 1 << 20

// load remembers what a record of the history file tells. What its channel's rules
// do not keep any more is forgotten.
func (l *Local) load(r journal.Record) {
	switch {
	case r.Kind == journal.All:
		l.past.Forget(r.ID)
	case r.Kind == journal.Gone:
		l.past.ForgetGone(r.ID)
	case r.Kind == journal.Event && r.Channel == "":
		l.past.ForgetUnlisted(r.ID) // how the first version of the file ended when it was written anew
	case r.Kind == journal.Last:
	case !l.rulesOf(r.Channel).History:
		l.past.ForgetGone(r.ID)
	case r.Kind == journal.Floor:
		l.past.ForgetOf(r.Channel, r.ID)
	default:
		l.past.Add(r.Entry, l.rulesOf(r.Channel).Keep)
	}
	if r.Kind != journal.Floor {
		l.past.Skip(r.ID)
	}
}

// Close flushes the history file, unless another server has it.
func (l *Local) Close() error {
	if l.file == nil || l.away.Load() != nil {
		return nil
	}
	return l.file.Close()
}

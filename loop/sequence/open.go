package sequence

import "halley/loop/journal"

// Open reads the history file, if there is one. Numbers begin with the first one, which is to be
// the time of the start, or after those of the file: so those of a later run are greater, and a
// cursor of a run that is forgotten can be told from one of this.
func (l *Local) Open() error {
	o := l.options.File
	if o.Path, o.Sync = l.options.HistoryFile, l.options.HistorySync; o.Path == "" {
		l.past.Begin(l.options.First, 0)
		return nil
	}
	o.Image = l.image
	file, err := journal.Open(o, l.load)
	if err != nil {
		return err
	}
	l.file = file
	known := l.past.Last() > 0
	l.past.Begin(l.options.First, unwritten)
	l.expire()
	switch last := l.past.Last(); {
	case file.Damaged:
		l.options.Log.Error("the history file is damaged: cursors from before are refused", "file", o.Path)
		l.past.Forget(last)
		file.Compact()
	case file.Old:
		l.options.Log.Info("the history file gets the form of this version", "file", o.Path)
		file.Compact()
	case known:
		file.Note(journal.Last, last)
	default:
		file.Note(journal.All, last)
	}
	return nil
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

// Close flushes the history file.
func (l *Local) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

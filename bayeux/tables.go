package bayeux

// tables tell which tables beside the sessions have something for one: most have nothing,
// and are not looked for there. A bit is set and cleared only where its table changes.
type tables uint8

const (
	inDirty      tables = 1 << iota // Server.dirty
	inReplays                       // Server.replays
	inBacklogs                      // Server.backlogs, with a batch that waits: it does not expire
	inAttendance                    // Config.Attendance was told of it
	inDoomed                        // Server.doomed: it has lost an event, and gets none that is newer
	inRepeats                       // Server.repeats may: its client repeats publishes under their ids
)

func (t tables) has(which tables) bool { return t&which != 0 }

// set sets or clears a bit.
func (t *tables) set(which tables, on bool) {
	if *t &^= which; on {
		*t |= which
	}
}

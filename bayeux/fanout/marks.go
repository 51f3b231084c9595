// Proved by TestFiltersEnd and TestAskedIntervalAgainstList.

package fanout

// marks tell by slot which of a Fanout's tables have something for a session: most
// sessions are in none, and are not looked for there. A mark is set and cleared only where
// its table changes.
type marks []mark

type mark uint8

const (
	hasInterval mark = 1 << iota
	hasFilter
	hasPause
)

func (m marks) has(slot uint32, which mark) bool { return int(slot) < len(m) && m[slot]&which != 0 }

// set sets or clears a mark.
func (m *marks) set(slot uint32, which mark, on bool) {
	switch {
	case !on:
		if int(slot) < len(*m) {
			(*m)[slot] &^= which
		}
		return
	case int(slot) >= len(*m):
		*m = append(*m, make(marks, int(slot)+1-len(*m))...)
	}
	(*m)[slot] |= which
}

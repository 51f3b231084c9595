// Package work counts what a turn of a loop does. Work is counted, not timed: a unit is
// a message, a pattern of a subscription, an event that is queued, sent or looked at. A
// batch that wants more than a turn may do goes on in a later turn, so that the loop's
// other clients have their turn between.
package work

// unitBytes is how much of an event is read in about the time of a unit.
const unitBytes = 256

// Meter counts the units of one loop. It is not safe for concurrent use.
type Meter struct {
	most  uint64 // units of a turn; 0 sets no limit
	units uint64
	began uint64 // units by the begin of the turn
}

// NewMeter returns a Meter for turns of at most so many units; 0 sets no limit.
func NewMeter(perTurn int) *Meter { return &Meter{most: uint64(perTurn)} }

// BeginTurn tells that the loop has looked at its sockets since the last call.
func (m *Meter) BeginTurn() { m.began = m.units }

// Tired tells whether this turn has done all the work that one may do.
func (m *Meter) Tired() bool { return m.most > 0 && m.units-m.began >= m.most }

// Worked is the number of units so far.
func (m *Meter) Worked() uint64 { return m.units }

// Spend counts units.
func (m *Meter) Spend(units int) { m.units += uint64(units) }

// Read counts the reading of so many bytes of an event: less than a unit's is free.
func (m *Meter) Read(bytes int) { m.Spend(bytes / unitBytes) }

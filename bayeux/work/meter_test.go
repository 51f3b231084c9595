package work

import "testing"

func TestTurns(t *testing.T) {
	m := NewMeter(10)
	for turn := range 3 {
		m.BeginTurn()
		m.Spend(9)
		if m.Tired() {
			t.Errorf("turn %d: tired after 9 units of 10", turn)
		}
		if m.Spend(1); !m.Tired() {
			t.Errorf("turn %d: not tired after 10 units of 10", turn)
		}
	}
	if m.Worked() != 30 {
		t.Errorf("%d units in all, want 30", m.Worked())
	}
}

func TestTurnsWithoutLimit(t *testing.T) {
	m := NewMeter(0)
	if m.Spend(1 << 40); m.Tired() {
		t.Error("tired, though turns have no limit")
	}
}

func TestReadingCostsByBytes(t *testing.T) {
	m := NewMeter(0)
	for bytes, want := range map[int]uint64{0: 0, 255: 0, 256: 1, 25_600: 100} {
		before := m.Worked()
		if m.Read(bytes); m.Worked()-before != want {
			t.Errorf("%d bytes cost %d units, want %d", bytes, m.Worked()-before, want)
		}
	}
}

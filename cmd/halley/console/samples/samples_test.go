package samples

import (
	"slices"
	"testing"
	"time"
)

// A ring has the last rows in order, however many there were, and its memory stays as it was.
func TestRing(t *testing.T) {
	for _, rows := range []int{0, 1, Kept - 1, Kept, Kept + 1, 3*Kept + 7} {
		r := New("a", "b")
		start := time.UnixMilli(1_000_000)
		for i := range rows {
			if n := r.Add(start.Add(time.Duration(i)*Every), []float64{float64(i), -1}); n != i+1 {
				t.Fatalf("row %d has the number %d", i+1, n)
			}
		}
		table := r.Table()
		n := min(rows, Kept)
		if len(table.At) != n || len(table.Columns["a"]) != n || len(table.Columns) != 2 || table.Number != rows {
			t.Fatalf("after %d rows: %d times, number %d", rows, len(table.At), table.Number)
		}
		for i, at := range table.At {
			want := rows - n + i
			if at != start.Add(time.Duration(want)*Every).UnixMilli() || table.Columns["a"][i] != Rounded(float64(want)) || table.Columns["b"][i] != -1 {
				t.Fatalf("after %d rows the %dth is %d: %v, %v", rows, i, at, table.Columns["a"][i], table.Columns["b"][i])
			}
		}
		if len(r.at) != Kept || len(r.values) != 2*Kept {
			t.Fatalf("it has grown to %d and %d", len(r.at), len(r.values))
		}
	}
}

func TestRounded(t *testing.T) {
	in := []float64{0, 1, 12345, 0.00123456, -98.7654, 1e12 + 5e11, 0.1 + 0.2}
	want := []float64{0, 1, 12350, 0.001235, -98.77, 1.5e12, 0.3}
	var got []float64
	for _, v := range in {
		got = append(got, Rounded(v))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

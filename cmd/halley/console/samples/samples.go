// Package samples keeps figures of the last hour in memory that never grows: a ring of rows, each with the values of the same
// columns at one moment.
package samples

import (
	"math"
	"sync"
	"time"
)

const (
	// Every is the time between two rows.
	Every = 5 * time.Second
	// Kept is how many rows there are room for: those of an hour.
	Kept = int(time.Hour / Every)
)

// Ring keeps the last rows. Its methods may be called from any goroutine.
type Ring struct {
	columns []string
	mu      sync.Mutex
	at      []int64   // milliseconds since 1970, by row
	values  []float32 // row by row
	count   int       // rows so far, those included that were forgotten
}

// New returns an empty ring with these columns.
func New(columns ...string) *Ring {
	return &Ring{columns: columns, at: make([]int64, Kept), values: make([]float32, Kept*len(columns))}
}

// Add keeps a row, which has a value for each column, in their order. The oldest one goes if there is no room. It returns the
// row's number, from 1 on.
func (r *Ring) Add(at time.Time, row []float64) (number int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.count % Kept
	r.at[i] = at.UnixMilli()
	for k := range r.columns {
		r.values[i*len(r.columns)+k] = float32(row[k])
	}
	r.count++
	return r.count
}

// Table is what a ring has, the oldest row first, column by column.
type Table struct {
	EveryMs int64                `json:"everyMs"`
	Kept    int                  `json:"kept"`
	Number  int                  `json:"number"` // of the last row
	At      []int64              `json:"at"`
	Columns map[string][]float64 `json:"columns"`
}

// Table copies what there is. Values have four digits, which is more than a chart can show.
func (r *Ring) Table() Table {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(r.count, Kept)
	t := Table{EveryMs: Every.Milliseconds(), Kept: Kept, Number: r.count, At: make([]int64, n), Columns: make(map[string][]float64)}
	for k, name := range r.columns {
		column := make([]float64, n)
		for i := range column {
			column[i] = Rounded(float64(r.values[r.row(n, i)*len(r.columns)+k]))
		}
		t.Columns[name] = column
	}
	for i := range t.At {
		t.At[i] = r.at[r.row(n, i)]
	}
	return t
}

// row is where the row stands that is the i-th of n.
func (r *Ring) row(n, i int) int { return (r.count - n + i) % Kept }

// Rounded is v with four digits.
func Rounded(v float64) float64 {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-3)
	if unit >= 1 {
		return math.Round(v/unit) * unit
	}
	return math.Round(v/unit) / math.Round(1/unit)
}

package socket

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// naive is Unsent as one would write it down: each byte with whether it has left, each mark with the bytes before it.
type naive struct {
	left  []bool
	marks []int // how many bytes were written before
}

// settle has all but the last unsent bytes leave.
func (n *naive) settle(unsent int) (moved bool) {
	for i := range len(n.left) - unsent {
		moved = moved || !n.left[i]
		n.left[i] = true
	}
	return moved
}

// next takes the first mark if all bytes before it have left.
func (n *naive) next() (end int, ok bool) {
	if len(n.marks) == 0 || slices.Contains(n.left[:n.marks[0]], false) {
		return 0, false
	}
	end = n.marks[0]
	n.marks = n.marks[1:]
	return end, true
}

// Marks come in order, each as soon as the last of its bytes has left and not before, however bytes leave.
func TestUnsentModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var u Unsent[int]
		var model naive
		unsent := 0
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				n := rapid.IntRange(0, 5).Draw(t, "n")
				u.Wrote(n)
				model.left = append(model.left, make([]bool, n)...)
				unsent += n
			},
			"mark": func(*rapid.T) {
				u.Mark(len(model.left))
				model.marks = append(model.marks, len(model.left))
			},
			"settle": func(t *rapid.T) {
				unsent = rapid.IntRange(0, unsent).Draw(t, "unsent")
				if got, want := u.Settle(unsent), model.settle(unsent); got != want {
					t.Fatalf("moved %v, want %v", got, want)
				}
			},
			"next": func(t *rapid.T) {
				got, ok := u.Next()
				if want, has := model.next(); got != want || ok != has {
					t.Fatalf("next %d %v, want %d %v", got, ok, want, has)
				}
			},
			"": func(t *rapid.T) {
				if err := u.invariants(); err != nil {
					t.Fatal(err)
				}
				var marks []int
				for m := range u.Each {
					marks = append(marks, *m)
				}
				if !slices.Equal(marks, model.marks) || u.Len() != len(marks) {
					t.Fatalf("marks %v (%d), want %v", marks, u.Len(), model.marks)
				}
			},
		})
	})
}

// Bytes that nobody has noted make marks late, never early: more are unsent than were written.
func TestUnsentOfUnknownBytes(t *testing.T) {
	var u Unsent[string]
	u.Wrote(10)
	u.Mark("a")
	if u.Settle(15) {
		t.Error("moved backwards")
	}
	if _, ok := u.Next(); ok {
		t.Error("a mark before its bytes have left")
	}
	u.Settle(0)
	if value, ok := u.Next(); !ok || value != "a" {
		t.Error("no mark although all has left")
	}
	if err := u.invariants(); err != nil {
		t.Error(err)
	}
}

// Each stops when it is told to.
func TestUnsentEachStops(t *testing.T) {
	var u Unsent[int]
	for n := range 3 {
		u.Mark(n)
	}
	seen := 0
	for range u.Each {
		if seen++; seen == 2 {
			break
		}
	}
	if seen != 2 {
		t.Errorf("%d marks", seen)
	}
}

// The invariants are told apart from what breaks them.
func TestUnsentInvariants(t *testing.T) {
	for name, u := range map[string]Unsent[int]{
		"more left than written": {written: 1, left: 2},
		"less than nothing":      {left: -1},
		"a mark ahead":           {written: 1, marks: []mark[int]{{end: 2}}},
		"marks out of order":     {written: 3, marks: []mark[int]{{end: 2}, {end: 1}}},
	} {
		if u.invariants() == nil {
			t.Errorf("%s is not found", name)
		}
	}
}

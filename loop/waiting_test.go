package loop

import (
	"testing"

	"pgregory.net/rapid"
)

// The sum is that of all connections, and those of which nothing waits take no room.
func TestWaitingInputModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, model := waitingInput{of: make(map[uint32]int)}, make(map[uint32]int)
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				slot, n := rapid.Uint32Range(0, 5).Draw(t, "slot"), rapid.IntRange(0, 3).Draw(t, "n")
				if got, want := w.set(slot, n), n-model[slot]; got != want {
					t.Fatalf("%d more, want %d", got, want)
				}
				model[slot] = n
			},
			"": func(t *rapid.T) {
				all, some := 0, 0
				for _, n := range model {
					if all += n; n > 0 {
						some++
					}
				}
				if w.all != all || len(w.of) != some {
					t.Fatalf("%d bytes of %d connections, want %d of %d", w.all, len(w.of), all, some)
				}
			},
		})
	})
}

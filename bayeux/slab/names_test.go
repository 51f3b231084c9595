package slab

import (
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

// A name keeps its number and its record as long as it is used, and no two names have the
// same number.
func TestNamesAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type use struct {
			id    uint32
			uses  int
			value int
		}
		var n Names[int]
		want := map[string]*use{}
		names := []string{"a", "b", "c", "d"}
		for step := range rapid.IntRange(1, 200).Draw(t, "steps") {
			if rapid.IntRange(0, 99).Draw(t, "crowd") == 0 { // of names that are used once
				for i := range 3 * maxIdle {
					n.Drop(n.Use([]byte{'x', byte(i)}))
				}
			}
			name := rapid.SampledFrom(names).Draw(t, "name")
			w := want[name]
			switch op := rapid.SampledFrom([]string{"use", "keep", "drop"}).Draw(t, "op"); {
			case op == "use" && w == nil:
				w = &use{id: n.Use([]byte(name)), uses: 1, value: step + 1}
				if got := *n.At(w.id); got != 0 {
					t.Fatalf("%s begins with %d", name, got)
				}
				want[name], *n.At(w.id) = w, w.value
			case op == "use":
				if id := n.Use([]byte(name)); id != w.id {
					t.Fatalf("%s has number %d, then %d", name, w.id, id)
				}
				w.uses++
			case w == nil:
			case op == "keep":
				n.Keep(w.id)
				w.uses++
			default:
				if n.Drop(w.id); w.uses == 1 {
					delete(want, name)
				}
				w.uses--
			}
			for _, name := range names {
				id, w := n.Find([]byte(name)), want[name]
				if (id == 0) != (w == nil) || w != nil && (id != w.id || *n.At(id) != w.value || n.Name(id) != name) {
					t.Fatalf("%s has number %d, want %+v", name, id, w)
				}
			}
			seen := 0
			n.Each(func(id uint32, value *int) {
				if w := want[n.Name(id)]; w == nil || *value != w.value {
					t.Fatalf("number %d is %q and %d, want %+v", id, n.Name(id), *value, w)
				}
				seen++
			})
			if seen != len(want) || n.Len() != len(want) {
				t.Fatalf("%d names of %d, want %d", seen, n.Len(), len(want))
			}
		}
	})
}

// Names that come and go cost no memory each time, and do not pile up.
func TestNamesThatComeAndGo(t *testing.T) {
	var n Names[int]
	name := []byte("a")
	n.Drop(n.Use(name))
	if allocations := testing.AllocsPerRun(100, func() { n.Drop(n.Use(name)) }); allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
	for i := range 100_000 {
		n.Drop(n.Use(binary.LittleEndian.AppendUint32(nil, uint32(i))))
	}
	if len(n.ids) > maxIdle+1 || n.list.Len() > maxIdle+2 || n.Len() != 0 {
		t.Errorf("%d names are remembered, %d records", len(n.ids), n.list.Len())
	}
}

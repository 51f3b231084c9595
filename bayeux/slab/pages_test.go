package slab

import (
	"testing"

	"pgregory.net/rapid"
)

type linked struct{ value, link uint32 }

func (l *linked) Link() *uint32 { return &l.link }

// TestPagesAgainstMap: a record is what it was made until it is released, and stays where it is.
func TestPagesAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var pages Pages[linked, *linked]
		model, most := make(map[uint32]*linked), 0
		take := func(value uint32) {
			i := pages.Take(linked{value, 7})
			if model[i] != nil {
				t.Fatalf("number %d is given twice", i)
			}
			if model[i] = pages.At(i); model[i].value != value || model[i].link != 7 {
				t.Fatalf("%+v is not what was taken", *model[i])
			}
			model[i].value = i
			most = max(most, len(model))
		}
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) { take(rapid.Uint32().Draw(t, "value")) },
			"take many": func(*rapid.T) {
				for range pageRecords / 2 {
					take(1)
				}
			},
			"release": func(*rapid.T) {
				for i := range model {
					pages.Release(i)
					if delete(model, i); pages.At(i).value != 0 {
						t.Fatalf("%+v is not blank", *pages.At(i))
					}
					break
				}
			},
			"": func(t *rapid.T) {
				for i, at := range model {
					if pages.At(i) != at || at.value != i || at.link != 7 {
						t.Fatalf("record %d is %+v", i, *at)
					}
				}
				if pages.Len() != len(model) || pages.Size() != most || pages.Room() < most || pages.Room() >= most+pageRecords {
					t.Fatalf("%d records, %d at most, room for %d; want %d, %d", pages.Len(), pages.Size(), pages.Room(), len(model), most)
				}
			},
		})
	})
}

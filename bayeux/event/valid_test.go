package event

import "testing"

// What has the form of an event can be read, and what was made as one has it.
func TestValid(t *testing.T) {
	t.Parallel()
	for text, want := range map[Event]bool{
		New([]byte("/a"), []byte(`1`), true):                               true,
		New([]byte("/a"), nil, false):                                      true,
		New([]byte("/a"), nil, false).Numbered(5).Filtered("?x='1'"):       true,
		New([]byte("/a"), []byte(`2`), false).Stamped(1_380_000_000_123):   true,
		New([]byte("/a"), []byte(`{}`), false).ForSalesforce(5, 1_380_000): true,
		"":                        false,
		`{"channel":"/a"`:         false,
		`{"channel":"/a}`:         false,
		`{"channel":"a"}`:         false,
		`{"channel":""}`:          false,
		` {"channel":"/a"}`:       false,
		`{"data":1}`:              false,
		`{"channel":"/a"} `:       false,
		`{"channel":/a","x":"/"}`: false,
	} {
		if text.Valid() != want {
			t.Errorf("%s: valid is %v", text, !want)
		}
	}
}

// Whatever is valid can be read and numbered without a panic.
func FuzzValid(f *testing.F) {
	for _, e := range []Event{New([]byte("/a"), nil, false), New([]byte("/a"), []byte(`1`), true), New([]byte("/a"), nil, false).Numbered(5), `{"channel":"/a","replayId":5`, `{"channel":"/a",,"data":}`} {
		f.Add(string(e))
	}
	f.Fuzz(func(t *testing.T, text string) {
		e := Event(text)
		if !e.Valid() {
			return
		}
		if e.ID() != ID([]byte(text)) || len(e.Topic()) > len(e.Channel()) || len(e.Data()) > len(e) {
			t.Errorf("%q: %d, %q, %q", text, e.ID(), e.Topic(), e.Data())
		}
		if n := New([]byte(e.Channel()), nil, false).Numbered(7); n.ID() != 7 || n.Channel() != e.Channel() {
			t.Errorf("%q numbered is %q", text, n)
		}
	})
}

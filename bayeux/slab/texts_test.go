package slab

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestTextsAgainstMap: a number has its text until it is removed, whatever comes and goes beside it.
func TestTextsAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var texts Texts
		model := make(map[uint32]string)
		long := 0
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				text := strings.Repeat(rapid.StringN(1, 1, 1).Draw(t, "letter"), rapid.IntRange(0, 80).Draw(t, "length"))
				number := texts.Add([]byte(text))
				if _, known := model[number]; known || number == 0 {
					t.Fatalf("number %d is given twice, or is 0", number)
				}
				if model[number] = text; len(text) >= 64 {
					long += len(text)
				}
			},
			"remove": func(t *rapid.T) {
				for number, text := range model {
					if texts.Remove(number); len(text) >= 64 {
						long -= len(text)
					}
					delete(model, number)
					break
				}
			},
			"": func(t *rapid.T) {
				for number, text := range model {
					if got := texts.Append(nil, number); string(got) != text {
						t.Fatalf("%d: got %q, want %q", number, got, text)
					}
					cut := len(text) / 2
					if !texts.Is(number, []byte(text[:cut]), []byte(text[cut:])) || texts.Is(number, []byte(text), []byte("x")) ||
						texts.Is(number, []byte(text[cut:]), []byte(text)) != (cut == len(text)) {
						t.Fatalf("%d is not known to be %q", number, text)
					}
				}
				if texts.held != long {
					t.Fatalf("%d bytes of long texts, want %d", texts.held, long)
				}
			},
		})
	})
}

// Places are used again: texts that come and go take no memory each time.
func TestTextsTakePlacesAgain(t *testing.T) {
	var texts Texts
	round := func() {
		var numbers []uint32
		for n := range 3 * pageRecords {
			numbers = append(numbers, texts.Add([]byte(strings.Repeat("x", n%64))))
		}
		for _, number := range numbers {
			texts.Remove(number)
		}
	}
	round()
	held := texts.Bytes()
	for range 3 {
		round()
	}
	if texts.Bytes() != held {
		t.Errorf("%d bytes, and then %d", held, texts.Bytes())
	}
}

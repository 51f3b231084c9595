package main

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

// sample is a contest of three servers and a yardstick, in which ours is not the best of all.
func sample() *results {
	r := &results{rounds: 3, machine: "a machine", date: "2026-01-02"}
	for _, s := range []rival{{name: "ours", version: "1", tuned: "t", ours: true}, {name: floorName, least: true}, {name: "theirs", version: "2"}, {name: "a <b> & c"}, {name: "away", lacks: "has no event-streams"}} {
		r.add(s)
	}
	for _, v := range []float64{20e3, 10e3, 12e3} {
		r.enter("ours", longPolls, figures{memory: 1000, cpu: v, p99: 1.2e9, most: 50000, busy: 90})
		r.enter(floorName, longPolls, figures{cpu: 1e3, most: 90000, busy: 10})
		r.enter("theirs", longPolls, figures{memory: 12345, cpu: 2 * v, p99: 5e6, most: 60000, busy: 20})
	}
	r.enter("a <b> & c", websockets, figures{cpu: 3e3})
	r.leaveOut("away", "", "no Java here")
	r.leaveOut("ours", websockets, "it ended")
	return r
}

func TestSpread(t *testing.T) {
	r := sample()
	if got, known := r.of("ours", longPolls, cpu); !known || got != (spread{12e3, 10e3, 20e3}) {
		t.Errorf("%+v", got)
	}
	r.enter("ours", longPolls, figures{cpu: 14e3})
	if got, _ := r.of("ours", longPolls, cpu); got.median != 13e3 {
		t.Errorf("of four: %+v", got)
	}
	if _, known := r.of("ours", longPolls, user); known {
		t.Error("what was not measured is known")
	}
	if !r.isLeftOut("ours", websockets) || r.isLeftOut("ours", longPolls) {
		t.Errorf("%+v", r.absent)
	}
}

// The tables have our losses and what is absent, and never compare with yardsticks.
func TestTables(t *testing.T) {
	r := sample()
	page, brief := r.page(standard()), r.brief(standard())
	for _, want := range []string{
		"| ours | **1,000 B** | – | **12 µs (10 µs to 20 µs)** | – | – | 1,200 ms | 50,000 | 90 % |",
		"| floor (C, epoll) | – | – | 1 µs | – | – | – | 90,000 | 10 % |",
		"| theirs | 1 | ", "| ours | 1 | t |",
	} {
		if strings.Contains(page, want) == strings.Contains(want, "| theirs | 1") {
			t.Errorf("%q in\n%s", want, page)
		}
	}
	for _, want := range []string{
		"| long-polls | ours | **1,000 B** | **12 µs** = 12.00 × | –, 1,200 ms | 50,000 |", "|  | theirs | 12,300 B | 24 µs = 24.00 × | –, **5 ms** | **60,000** |",
		"- long-polls, p99: 1,200 ms where theirs has 5 ms\n", "- long-polls, deliveries a second at most: 50,000 where theirs has 60,000\n",
		"- away: no Java here\n", "- away: has no event-streams\n", "- ours, websockets: it ended\n", "ours 1, theirs 2.", "Medians of 3 alternating rounds",
	} {
		if !strings.Contains(brief, want) {
			t.Errorf("no %q in\n%s", want, brief)
		}
	}
	if text := r.csv(); !strings.Contains(text, "long-polls,theirs,2,3,deliveries a second at most,60000\n") || strings.Count(text, "\n") != 1+3*5+3*3+3*5+1 {
		t.Error(text)
	}
	if text := (&results{servers: []rival{{name: "other"}}}).losses(); text != "- it was not measured\n" {
		t.Error(text)
	}
	if r := (&results{servers: []rival{{name: "ours", ours: true}}, rounds: 1}); !strings.Contains(r.brief(quick()), "nowhere in this run") || !strings.Contains(r.brief(quick()), "One round") {
		t.Error(r.brief(quick()))
	}
}

func TestTexts(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 7.4: "7", 999: "999", 12345: "12,300", 1234567: "1,230,000", 99960: "100,000"} {
		if got := grouped(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	for m, want := range map[measure]string{memory: "1,230,000 B", held: "1,230 µs", p50: "1.23 ms", most: "1,230,000"} {
		if got := m.text(1234567); got != want {
			t.Errorf("%s: %s, want %s", m, got, want)
		}
	}
}

// The picture is SVG with a bar for each figure, whatever the names have in them.
func TestPicture(t *testing.T) {
	for _, r := range []*results{sample(), {servers: []rival{{name: "ours"}}}} {
		svg := r.picture()
		bars, d := 0, xml.NewDecoder(strings.NewReader(svg))
		for {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%v in\n%s", err, svg)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
				bars++
			}
		}
		want := 1
		if len(r.servers) > 1 {
			want += 3 + 2 + 3 + 1
		}
		if bars != want {
			t.Errorf("%d rectangles, want %d", bars, want)
		}
	}
}

func TestLength(t *testing.T) {
	scale := [2]float64{10, 1000}
	for v, want := range map[float64]float64{5: 1, 10: 1, 100: 50, 1000: 100} {
		if got := length(v, scale, 100); got < want-0.01 || got > want+0.01 {
			t.Errorf("%v: %v, want %v", v, got, want)
		}
	}
}

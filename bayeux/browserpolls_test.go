package bayeux

import "testing"

// A session takes one place of its browser's, keeps it for the next poll, and changes it
// with its browser.
func TestBrowserPolls(t *testing.T) {
	counted := make(countedBrowsers)
	p := browserPolls{browsers: counted, most: 1}
	var a, b session
	b.named = 8
	for _, step := range []struct {
		name    string
		r       *session
		browser uint64
		taken   bool
		seven   int // polls of browser 7
		eight   int
	}{
		{"the first poll", &a, 7, true, 1, 0},
		{"its next one", &a, 7, true, 1, 0},
		{"another session's", &b, 7, false, 1, 0},
		{"one without a cookie, whose handshake named a browser", &b, 0, true, 1, 1},
		{"one of a browser that has enough", &a, 8, false, 0, 1},
		{"one that comes back", &a, 7, true, 1, 1},
	} {
		if taken := p.take(step.r, step.browser); taken != step.taken || counted[7] != step.seven || counted[8] != step.eight {
			t.Errorf("%s: taken %v, counts %v", step.name, taken, counted)
		}
	}
	p.giveUp(&a)
	if p.giveUp(&a); counted[7] != 0 {
		t.Errorf("%d polls of a browser that has none", counted[7])
	}
	for _, p := range []browserPolls{{}, {browsers: counted}, {most: 1}} {
		if !p.take(&a, 7) || a.browser != 0 {
			t.Errorf("%+v counts a poll, or refuses it", p)
		}
	}
}

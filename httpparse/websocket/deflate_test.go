package websocket

import (
	"strings"
	"testing"
)

func TestAcceptsDeflate(t *testing.T) {
	for offered, want := range map[string]bool{
		"":                    false,
		"permessage-deflate":  true,
		"Permessage-Deflate":  true,
		"permessage-deflate2": false,
		"x-webkit-deflate-frame, permessage-deflate":                                     true,
		"permessage-deflate; client_max_window_bits":                                     true,
		"permessage-deflate;client_max_window_bits=8":                                    true,
		`permessage-deflate; client_max_window_bits="15"`:                                true,
		"permessage-deflate; client_max_window_bits=16":                                  false,
		"permessage-deflate; client_max_window_bits=7":                                   false,
		"permessage-deflate; client_max_window_bits=010":                                 false,
		"permessage-deflate; client_max_window_bits=":                                    false,
		"permessage-deflate; server_no_context_takeover":                                 true,
		"permessage-deflate; server_no_context_takeover=1":                               false,
		"permessage-deflate; server_max_window_bits=10":                                  false,
		"permessage-deflate; server_max_window_bits=10, permessage-deflate":              true,
		"permessage-deflate; unknown":                                                    false,
		"permessage-deflate; client_max_window_bits; client_max_window_bits":             false,
		"permessage-deflate;":                                                            false,
		" permessage-deflate ; client_no_context_takeover ; server_no_context_takeover ": true,
	} {
		if got := AcceptsDeflate([]byte(offered)); got != want {
			t.Errorf("%q: %v", offered, got)
		}
	}
}

func TestSplitFrame(t *testing.T) {
	var frames []byte
	sizes := []int{0, 1, 125, 126, 65535, 65536, 70000}
	for _, n := range sizes {
		frames = AppendFrame(frames, OpText, []byte(strings.Repeat("x", n)))
	}
	for _, n := range sizes {
		var head, payload []byte
		head, payload, frames = SplitFrame(frames)
		if head[0] != bitFin|byte(OpText) || len(payload) != n || strings.Trim(string(payload), "x") != "" {
			t.Errorf("frame of %d bytes: head %x, %d bytes", n, head, len(payload))
		}
	}
	if len(frames) > 0 {
		t.Errorf("%d bytes are left", len(frames))
	}
}

func FuzzAcceptsDeflate(f *testing.F) {
	f.Add("permessage-deflate; client_max_window_bits=10, x")
	f.Fuzz(func(t *testing.T, offered string) {
		if AcceptsDeflate([]byte(offered)) && !strings.Contains(strings.ToLower(offered), "permessage-deflate") {
			t.Errorf("%q is accepted", offered)
		}
	})
}

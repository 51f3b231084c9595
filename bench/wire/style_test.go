package wire

import (
	"errors"
	"testing"
)

func TestParseStyle(t *testing.T) {
	for i, name := range Styles() {
		if got, err := ParseStyle(name); err != nil || got != Style(i) || got.String() != name {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	if _, err := ParseStyle("carrier-pigeon"); !errors.Is(err, ErrStyle) {
		t.Errorf("error %v", err)
	}
}

func TestConnectionsOfAStyle(t *testing.T) {
	for style, want := range map[Style][2]int{
		LongPolling: {1, 2}, CallbackPolling: {1, 2}, WebSocket: {1, 1}, Events: {1, 1}, Sockets: {1, 1}, Polls: {1, 1}, EventSource: {2, 2}, XHRStreaming: {2, 2}, Iframe: {2, 2}, MimeMessageBlock: {2, 2},
	} {
		if got := [2]int{style.Connections(1), style.Connections(2)}; got != want {
			t.Errorf("%v: %v, want %v", style, got, want)
		}
	}
}

package nodes

import (
	"reflect"
	"strings"
	"testing"
)

// A heartbeat reads as it was written, and has a form that other versions know; what is none is told.
func TestHeartbeatForm(t *testing.T) {
	t.Parallel()
	h := heartbeat{Number: 7, Of: 1 << 60, Phase: draining, Versions: Versions{1, 2}, Address: "10.0.0.1:8080", Loops: 4,
		Epochs: []epoch{{9, 5, 3}}}
	text := string(h.append(nil))
	if want := `{"node":7,"incarnation":"1000000000000000","phase":"drains","versions":{"least":1,"most":2},"address":"10.0.0.1:8080","loops":4,"epochs":[{"node":9,"incarnation":"5","epoch":3}]}`; text != want {
		t.Errorf("%s", text)
	}
	later := strings.Replace(text, "{", `{"more":[1],`, 1)
	if got, err := parseHeartbeat([]byte(later)); err != nil || !reflect.DeepEqual(got, h) {
		t.Errorf("%+v, %v", got, err)
	}
	if h.epochWith(9, 5) != 3 || h.epochWith(9, 6) != 0 || h.epochWith(8, 5) != 0 {
		t.Error("epochs")
	}
	for _, bad := range []string{
		"", "{}", "[]", `{"node":0,"incarnation":"1"}`, `{"node":1,"incarnation":"0"}`, `{"node":70000,"incarnation":"1"}`, `{"node":1,"incarnation":"x"}`,
		`{"node":1,"incarnation":"1","versions":{"least":2,"most":1}}`, `{"node":1,"incarnation":"1","loops":-1}`,
		`{"node":1,"incarnation":"1","address":"` + strings.Repeat("a", maxAddress+1) + `"}`, strings.Repeat(" ", maxHeartbeat+1),
	} {
		if _, err := parseHeartbeat([]byte(bad)); err == nil {
			t.Errorf("%.60s is one", bad)
		}
	}
}

// What reads as a heartbeat can be written, and reads as the same.
func FuzzHeartbeat(f *testing.F) {
	f.Add([]byte(`{"node":7,"incarnation":"ff","epochs":[{"node":9,"incarnation":"5","epoch":3}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := parseHeartbeat(text)
		if err != nil {
			return
		}
		again, err := parseHeartbeat(h.append(nil))
		if err != nil || again.Number != h.Number || again.Of != h.Of || len(again.Epochs) != len(h.Epochs) {
			t.Errorf("%+v became %+v: %v", h, again, err)
		}
	})
}

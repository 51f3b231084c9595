package bayeux

import (
	"fmt"
	"testing"
)

// A map of cursors is shown as Java shows one, as much of it as is useful.
func TestCursorsAreShown(t *testing.T) {
	many := make(map[string]int64)
	for i := range 20 {
		many[fmt.Sprintf("/c%02d", i)] = int64(i)
	}
	for _, tt := range []struct {
		by   map[string]int64
		want string
	}{
		{map[string]int64{}, "{}"},
		{map[string]int64{"/topic/A": -2}, "{/topic/A=-2}"},
		{map[string]int64{"/b": 2, "/a": 17}, "{/a=17, /b=2}"},
		{many, "{/c00=0, /c01=1, /c02=2, /c03=3, /c04=4, /c05=5, /c06=6, /c07=7, …}"},
	} {
		if got := (cursors{by: tt.by}).String(); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

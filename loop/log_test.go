package loop

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
)

// What gnet says of single connections is for debugging. A fault of its engine is a warning of ours, and noted; and
// what it calls fatal is not.
func TestQuietLogger(t *testing.T) {
	var out strings.Builder
	var noted []string
	l := quietLogger{
		log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
			Level: slog.LevelDebug,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			},
		})),
		note: func(fault string) { noted = append(noted, fault) },
	}
	l.Debugf("d%d", 1)
	l.Infof("i%d", 2)
	l.Warnf("w%d", 3)
	l.Errorf("e%d", 4)
	l.Fatalf("f%d", 5)
	want := "level=DEBUG msg=d1\nlevel=DEBUG msg=i2\nlevel=DEBUG msg=w3\nlevel=WARN msg=e4\nlevel=ERROR msg=f5\n"
	if out.String() != want {
		t.Errorf("logged\n%swant\n%s", out.String(), want)
	}
	if !slices.Equal(noted, []string{"e4"}) {
		t.Errorf("noted %q", noted)
	}
}

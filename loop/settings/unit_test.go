package settings

import (
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "1": 1, "64KiB": 65536, "2 MiB": 2 << 20, "1GiB": 1 << 30, "1025": 1025} {
		n, err := ParseSize(text)
		if err != nil || n != want {
			t.Errorf("%q is %d (%v), want %d", text, n, err, want)
		}
		if back, err := ParseSize(FormatSize(n)); err != nil || back != n {
			t.Errorf("%d prints as %s, which is %d (%v)", n, FormatSize(n), back, err)
		}
	}
	for _, text := range []string{"", "KiB", "-1", "1.5KiB", "1kb", "9223372036854775807KiB", "0x10", "1 TiB"} {
		if n, err := ParseSize(text); err == nil {
			t.Errorf("%q is taken as %d", text, n)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{FormatSize(0), "0"}, {FormatSize(1), "1"}, {FormatSize(1025), "1025"}, {FormatSize(64 << 10), "64KiB"},
		{FormatSize(3 << 20), "3MiB"}, {FormatSize(1 << 46), "65536GiB"},
		{formatDuration(0), "0s"}, {formatDuration(100 * time.Millisecond), "100ms"}, {formatDuration(10 * time.Minute), "10m"},
		{formatDuration(24 * time.Hour), "24h"}, {formatDuration(90 * time.Second), "1m30s"}, {formatDuration(-5 * time.Second), "-5s"},
		{formatDuration(61 * time.Minute), "1h1m"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s, want %s", tt.got, tt.want)
		}
	}
}

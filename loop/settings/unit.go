package settings

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// unit is a unit of sizes.
type unit struct {
	name  string
	bytes int64
}

// units are those of sizes, the largest first, so that printing finds the best one.
func units() []unit { return []unit{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} }

// ParseSize reads a number of bytes such as 4096, 64KiB or 2 MiB.
func ParseSize(text string) (int64, error) {
	digits, factor := text, int64(1)
	for _, u := range units() {
		if number, ok := strings.CutSuffix(digits, u.name); ok {
			digits, factor = strings.TrimRight(number, " "), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/factor {
		return 0, fmt.Errorf("expected a size in bytes, KiB, MiB or GiB but got %q", text)
	}
	return n * factor, nil
}

// FormatSize writes a number of bytes in the largest unit that divides it.
func FormatSize(n int64) string {
	for _, u := range units() {
		if n != 0 && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// formatDuration writes a duration without the zeros that Go puts at its end.
func formatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

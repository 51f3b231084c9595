package bayeux

import (
	"strconv"
	"testing"
)

func TestSerial(t *testing.T) {
	for _, tt := range []struct {
		id   string
		want serial
	}{
		{"", 0}, {"0", 0}, {`"0"`, 0}, {"7", 7}, {`"7"`, 7}, {`"a"`, 10}, {"10", 36}, {`"zzzzzz"`, 36*36*36*36*36*36 - 1},
		{`"zzzzzzz"`, 0}, {`"3f2504e0-4f89-11d3"`, 0}, {"-1", 0}, {"1.5", 0}, {`"A"`, 0}, {`"`, 0}, {`""`, 0}, {`"a b"`, 0}, {"null", 1112745},
	} {
		if got := serialOf([]byte(tt.id)); got != tt.want {
			t.Errorf("%s is %d, want %d", tt.id, got, tt.want)
		}
	}
	if serial(0).before(3) || serial(3).before(3) || serial(4).before(3) || !serial(2).before(3) || serial(2).before(0) {
		t.Error("the order of serials")
	}
}

// Ids that count have the order in which they were given, to either base.
func TestSerialsCount(t *testing.T) {
	for _, base := range []int{10, 36} {
		last := serial(0)
		for n := int64(1); n < 1_000_000; n += n/100 + 1 {
			next := serialOf([]byte(strconv.Quote(strconv.FormatInt(n, base))))
			if !last.before(next) && last != 0 {
				t.Fatalf("to the base of %d, %d is not after the one before", base, n)
			}
			last = next
		}
	}
}

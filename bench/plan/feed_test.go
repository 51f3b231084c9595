package plan

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

const sampleFeed = `ms_since_midnight,symbol,price,size
1000,SPY,167.4100,100
1500,IBM,181.1,5
1500,SPY,167.4,7
3000,BAC,14.0,1
`

func sampleOptions() FeedOptions {
	return FeedOptions{Time: "ms_since_midnight", Symbol: "symbol"}
}

func TestReadFeedKeepsNumbersDigitForDigit(t *testing.T) {
	feed, err := ReadFeed(strings.NewReader(sampleFeed), sampleOptions())
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"SPY", "IBM", "BAC"}; !slices.Equal(feed.Symbols, want) {
		t.Errorf("symbols %q, want %q", feed.Symbols, want)
	}
	if want := `{"ms_since_midnight":1000,"symbol":"SPY","price":167.4100,"size":100}`; feed.Ticks[0].Row != want {
		t.Errorf("row %s, want %s", feed.Ticks[0].Row, want)
	}
	if len(feed.Ticks) != 4 || feed.Ticks[2].Symbol != 0 || feed.Ticks[1].Symbol != 1 {
		t.Errorf("ticks %+v", feed.Ticks)
	}
}

func TestReadFeedWindowSpeedLimit(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*FeedOptions)
		want   []time.Duration
	}{
		{"all", func(*FeedOptions) {}, []time.Duration{time.Second, 1500 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second}},
		{"from", func(o *FeedOptions) { o.From = 1500 * time.Millisecond }, []time.Duration{0, 0, 1500 * time.Millisecond}},
		{"to is exclusive", func(o *FeedOptions) { o.To = 1500 * time.Millisecond }, []time.Duration{time.Second}},
		{"speed", func(o *FeedOptions) { o.Speed, o.Limit = 10, 2 }, []time.Duration{100 * time.Millisecond, 150 * time.Millisecond}},
	} {
		o := sampleOptions()
		c.change(&o)
		feed, err := ReadFeed(strings.NewReader(sampleFeed), o)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []time.Duration
		for _, tick := range feed.Ticks {
			got = append(got, tick.Due)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: due at %v, want %v", c.name, got, c.want)
		}
	}
}

func TestReadFeedRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":            "",
		"no such column":   "time,symbol\n1,A\n",
		"bad time":         "ms_since_midnight,symbol\nx,A\n",
		"time goes back":   "ms_since_midnight,symbol\n2,A\n1,A\n",
		"ragged":           "ms_since_midnight,symbol\n2,A,3\n",
		"unfinished quote": "ms_since_midnight,symbol\n2,\"A\n",
	} {
		if _, err := ReadFeed(strings.NewReader(text), sampleOptions()); !errors.Is(err, ErrFeed) {
			t.Errorf("%s: error %v, want ErrFeed", name, err)
		}
	}
}

func TestIsNumber(t *testing.T) {
	for s, want := range map[string]bool{
		"0": true, "-1": true, "167.4100": true, "12345678901234567890": true,
		"": false, "-": false, "01": false, "1.": false, ".5": false, "1e3": false, "N": false, "1.2.3": false,
	} {
		if got := isNumber(s); got != want {
			t.Errorf("isNumber(%q) = %v", s, got)
		}
	}
}

package main

import (
	"strings"
	"testing"
	"time"

	"halley/bench/faulty"
	"halley/bench/run"
)

// Who asks for something gets it, or the run fails.
func TestWhatSubscribersAskFor(t *testing.T) {
	ticker := "ticker --messages 100 --rate 500 --symbols 4 --follow 2"
	for _, c := range []struct {
		name   string
		faults faulty.Faults
		args   string
		status int
		says   string
	}{
		{"newest", faulty.Faults{}, ticker + " --interval 100ms", 0, "conflated"},
		{"newest over a websocket", faulty.Faults{}, ticker + " --interval 100ms --connection-type websocket --procs 2", 0, "= 1000 expected"},
		{"slow ones", faulty.Faults{}, ticker + " --slow 10 --slow-rate 20 --slow-interval 100ms", 0, "behind the market"},
		{"slow ones get all", faulty.Faults{}, ticker + " --slow 10 --slow-rate 20", 0, "ok: 1000 delivered + 0 lost = 1000"},
		{"slow ones are told", faulty.Faults{GapEvery: 10}, ticker + " --slow 20 --slow-rate 50", 0, "told to be dropped"},
		{"quick ones are told", faulty.Faults{GapEvery: 10}, ticker, 3, "lost"},
		{"replay", faulty.Faults{}, ticker + " --replay", 0, "ok: 1000 delivered"},
		{"acknowledged", faulty.Faults{}, ticker + " --ack", 0, "ok: 1000 delivered"},
		{"stalled readers", faulty.Faults{}, "saturate --messages 5 --stalled 4 --stalled-type websocket,events,xhr-streaming,eventsource", 0, "stalled readers"},
		{"an older value after a newer", faulty.Faults{SwapEvery: 7}, ticker + " --interval 100ms", 3, "reordered"},
		{"an older value, by rule", faulty.Faults{SwapEvery: 7}, ticker + " --conflated all", 3, "reordered"},
		{"never the last value", faulty.Faults{EndAfter: 500}, ticker + " --interval 100ms", 3, "does not hold the last"},
		{"never the last value to slow ones", faulty.Faults{EndAfter: 500}, ticker + " --slow 20 --conflated slow --slow-rate 50", 3, "does not hold the last"},
		{"a replayId twice", faulty.Faults{RepeatIDEvery: 5}, "fanout --rate 100 --replay", 3, "40 replayIds"},
		{"acks that do not rise", faulty.Faults{StuckAcks: true}, ticker + " --ack", 3, "acknowledgement numbers"},
		{"events beside connect replies", faulty.Faults{}, ticker + " --ack --connection-type websocket", 3, "acknowledgement numbers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := faulty.Start(time.Second, c.faults)
			t.Cleanup(server.Close)
			args := append(strings.Fields(c.args), "--subscribers", "20", "--settle", "0s", "--drain", "2s", "-q", "--url", server.URL())
			if stdout, stderr, status := bench(t, args...); status != c.status || !strings.Contains(stdout+stderr, c.says) {
				t.Errorf("status %d, want %d and %q\n%s\n%s", status, c.status, c.says, stdout, stderr)
			}
		})
	}
}

func TestAsksThatCannotBe(t *testing.T) {
	for args, says := range map[string]string{
		"ticker --connection-type events --interval 1s":      "cannot ask",
		"ticker --connection-type iframe --ack":              "acknowledgements",
		"ticker --conflated some":                            "conflated",
		"ticker --subscribers 5 --slow 6":                    "nor more be slow",
		"ticker --slow 6 --slow-rate 0":                      "more than 0 responses",
		"saturate --stalled 2 --stalled-type long-polling":   "stalled reader",
		"saturate --stalled 2 --stalled-type websocket,ship": "stalled reader",
	} {
		stdout, stderr, status := bench(t, strings.Fields(args)...)
		if status != exitUsage || !strings.Contains(stdout+stderr, says) {
			t.Errorf("%s: status %d, want %d and %q\n%s\n%s", args, status, exitUsage, says, stdout, stderr)
		}
	}
}

func TestAsksReachTheOptions(t *testing.T) {
	c := parse(t, "ticker", "--interval", "200ms", "--conflated", "slow", "--slow", "5", "--slow-rate", "4", "--slow-interval", "1s",
		"--replay", "--ack", "--stalled", "3", "--stalled-type", "events,iframe")
	var o run.Options
	c.Ticker.asks.set(&o)
	a := o.Asks
	if a.Interval != 200*time.Millisecond || a.Conflated != run.ConflatedSlow || a.Slow != 5 || a.SlowRate != 4 || a.SlowInterval != time.Second ||
		!a.Replay || !a.Acknowledge || a.Stalled != 3 || strings.Join(a.StalledTypes, " ") != "events iframe" {
		t.Errorf("%+v", a)
	}
	if a := parse(t, "fanout").Fanout.asks; a.SlowRate != 2 || a.Conflated != run.ConflatedNone || len(a.StalledType) != 1 {
		t.Errorf("%+v", a)
	}
}

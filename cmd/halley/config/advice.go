// Proved by TestAdvice.

package config

// Advice is when a flag is worth setting. `halley doctor --flags` and TUNING.md say it by these words, which stand here alone.
type Advice struct {
	Flag string
	When string
}

// Advised are the flags that matter most for what a server costs, in the order of TUNING.md.
func Advised() []Advice {
	return []Advice{
		{"--loops", "fewer than the CPUs, where other programs need some of them"},
		{"--steer", "off only where a client's connections come from many addresses and none should move"},
		{"--hold", "longer, as far as the proxies in between allow it"},
		{"--max-interval", "longer for clients that come back late, shorter where many vanish"},
		{"--timer-slack", "0 only where timers must be exact"},
		{"--gc-percent", "less where memory is short, more where CPU is"},
		{"--history-bytes", "as much as clients may have missed when they come back"},
		{"--history-sync", "always, where a message must survive the end of the machine"},
		{"--slow", "conflate where only the newest counts, disconnect where a gap is worse than a new session"},
		{"--rule", "with rate or conflate, where messages come faster than clients read or people look"},
		{"--unsent-bytes", "less where clients are on slow links and old news is worthless, 0 where only throughput counts"},
		{"--turn-work", "less where one client sends large batches and others must not wait"},
		{"--tls-listen", "where no proxy in front of the server does TLS"},
	}
}

// When is the advice for a flag.
func When(flag string) (text string, ok bool) {
	for _, a := range Advised() {
		if a.Flag == flag {
			return a.When, true
		}
	}
	return "", false
}

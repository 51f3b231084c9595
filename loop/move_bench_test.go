package loop

import (
	"syscall"
	"testing"
	"time"
)

// cpuTime is what the process has had of the processors.
func cpuTime() time.Duration {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkMove is what a move costs: requests of a connection that moves after each, beside those of one that stays. Times are of
// the processors, of server and client together.
func BenchmarkMove(b *testing.B) {
	asked := 0
	for name, roam := range map[string]func(uint16) (uint16, bool){
		"stays": nil,
		"moves": func(loop uint16) (uint16, bool) { // once it is asked before a request, and then twice behind it
			asked++
			return 1 - loop, asked%3 == 0
		},
	} {
		b.Run(name, func(b *testing.B) {
			s := start(b, func(c *Config) { c.Loops, c.roam = 2, roam })
			warm(b, s)
			w := dial(b, s)
			before := cpuTime()
			for b.Loop() {
				w.ask(request("GET", "/"))
			}
			n, _ := travels(s)
			b.ReportMetric(float64(n)/float64(b.N), "moves/op")
			b.ReportMetric(float64((cpuTime()-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
}

package bayeux

import (
	"fmt"
	"testing"
)

// As many filters as a message can have are read by their number: each is compared with
// none of the others.
func BenchmarkReadFilters(b *testing.B) {
	for _, count := range []int{500, 4000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			cfg := testConfig()
			cfg.Profile = Salesforce
			s := NewServer(cfg, 0)
			for b.Loop() {
				asked := subscription{}
				for i := range count {
					asked.patterns = append(asked.patterns, fmt.Appendf(nil, "/topic/t%d?A=1", i))
				}
				if failure := s.reader.readFilters(&asked); failure.Failed() {
					b.Fatal(failure)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/filter")
		})
	}
}

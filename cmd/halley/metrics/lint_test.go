package metrics

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// The whole page follows Prometheus' conventions of names, units and help, as promtool checks them.
func TestPageKeepsTheConventions(t *testing.T) {
	f, _ := full()
	problems, err := promlint.New(strings.NewReader(pageOf(t, f))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

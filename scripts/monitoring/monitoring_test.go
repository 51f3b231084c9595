// Package monitoring has what those who watch halley by Prometheus load: a dashboard for Grafana, and alert rules. Its tests hold
// both to the metrics that there are.
package monitoring

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"halley/cmd/halley/metrics"
	"halley/loop"
)

// known are the metrics of the page: its contract has our own, and a page those of the runtime and the process.
func known(t *testing.T) map[string]bool {
	t.Helper()
	contract := read(t, "../../cmd/halley/metrics/testdata/page.txt")
	w := httptest.NewRecorder()
	metrics.Handler(func() loop.Stats { return loop.Stats{} }).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	names := map[string]bool{"up": true} // Prometheus' own
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`).FindAllStringSubmatch(contract+w.Body.String(), -1) {
		names[m[1]] = true
		if m[2] == "histogram" {
			names[m[1]+"_bucket"] = true
		}
		if m[2] == "histogram" || m[2] == "summary" {
			names[m[1]+"_sum"], names[m[1]+"_count"] = true, true
		}
	}
	if len(names) < 80 {
		t.Fatalf("only %d metrics are known", len(names))
	}
	return names
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// words of an expression that are no metrics. What stands in braces, brackets and by (…) is taken out before.
func named(expr string) (names []string) {
	expr = regexp.MustCompile(`\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on) ?\([^)]*\)|"[^"]*"`).ReplaceAllString(expr, " ")
	functions := []string{"sum", "max", "min", "rate", "increase", "changes", "count", "max_over_time", "histogram_quantile", "time", "and", "or", "unless", "label_values"}
	for _, word := range regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`).FindAllString(expr, -1) {
		if !slices.Contains(functions, word) {
			names = append(names, word)
		}
	}
	return names
}

func checkExpression(t *testing.T, names map[string]bool, where, expr string) {
	t.Helper()
	found := named(expr)
	if len(found) == 0 {
		t.Errorf("%s: no metric in %q", where, expr)
	}
	for _, name := range found {
		if !names[name] {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
	if strings.Count(expr, "(") != strings.Count(expr, ")") || strings.Count(expr, "{") != strings.Count(expr, "}") {
		t.Errorf("%s: %q does not close what it opens", where, expr)
	}
}

// The rules have the form of a rule file, each with what a person needs who is woken by it, and name metrics that there are.
func TestAlertRules(t *testing.T) {
	names := known(t)
	head, rest, _ := strings.Cut(read(t, "alerts.yml"), "    rules:\n")
	if !strings.HasSuffix(head, "groups:\n  - name: halley\n") {
		t.Errorf("the file begins with %q", head)
	}
	line := regexp.MustCompile(`^(?:      - alert: Halley[A-Za-z]+|        expr: [^"].*|        for: \d+[mh]|        labels: \{severity: (?:page|ticket)\}|` +
		`        annotations:|          (?:summary|description): ".+")$`)
	alerts := strings.Split(rest, "\n\n")
	seen := map[string]bool{}
	for _, alert := range alerts {
		name, expr := "", ""
		for l := range strings.Lines(strings.TrimRight(alert, "\n")) {
			l = strings.TrimSuffix(l, "\n")
			if !line.MatchString(l) {
				t.Errorf("odd line %q", l)
			}
			if value, is := strings.CutPrefix(l, "      - alert: "); is {
				name = value
			}
			if value, is := strings.CutPrefix(l, "        expr: "); is {
				expr = value
			}
		}
		if seen[name] || !strings.Contains(alert, "labels:") || !strings.Contains(alert, "summary:") {
			t.Errorf("%s: twice, or without severity or summary", name)
		}
		seen[name] = true
		checkExpression(t, names, name, expr)
	}
	if len(seen) < 15 {
		t.Errorf("only %d alerts were found", len(seen))
	}
}

// The dashboard is what Grafana imports, and each of its expressions names metrics that there are. Panels do not overlap.
func TestDashboard(t *testing.T) {
	var board struct {
		Title, UID string
		Templating struct{ List []struct{ Name string } }
		Panels     []struct {
			ID      int
			Type    string
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "dashboard.json")), &board); err != nil {
		t.Fatal(err)
	}
	names, taken, ids := known(t), map[[2]int]string{}, map[int]bool{}
	expressions := 0
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" {
			t.Errorf("panel %d: twice, or without a title", p.ID)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other := taken[at]; other != "" || at[0] >= 24 {
					t.Errorf("%s lies over %s", p.Title, other)
				}
				taken[at] = p.Title
			}
		}
		for _, target := range p.Targets {
			expressions++
			checkExpression(t, names, p.Title, target.Expr)
		}
	}
	if board.Title != "halley" || board.UID == "" || len(board.Templating.List) != 3 || expressions < 40 {
		t.Errorf("%q with %d expressions", board.Title, expressions)
	}
}

// A metric that is renamed is found missing.
func TestMissingMetricsAreFound(t *testing.T) {
	got := named(`max by (job, instance) (rate(halley_gone_total{job=~"$job"}[5m])) / up{x="y"} > 0.85 and time() > 3`)
	if !slices.Equal(got, []string{"halley_gone_total", "up"}) {
		t.Errorf("found %q", got)
	}
}

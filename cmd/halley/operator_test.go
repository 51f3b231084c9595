package main

import (
	"strings"
	"testing"

	"github.com/goccy/go-json"
)

// The console is there with the internal listener, and its figures come to any Bayeux client of that: long-polling is all it has.
func TestConsole(t *testing.T) {
	t.Parallel()
	s, endpoint, internal := server(t)
	if page := get(t, internal+"/console"); !strings.Contains(page, "<title>Console · halley</title>") {
		t.Errorf("the page is %.200s", page)
	}
	var hour struct {
		Version, Channel string
		Table            struct{ Columns map[string][]float64 }
	}
	if err := json.Unmarshal([]byte(get(t, internal+"/console/hour")), &hour); err != nil || hour.Version != described() || len(hour.Table.Columns) < 10 {
		t.Errorf("%v %+v", err, hour)
	}
	subscribe(t, endpoint, internal, 1, "/busy/*")
	sub := start(t, "sub", "--server="+internal+"/console/bayeux", hour.Channel, "--count=3")
	halley(t, "", "pub", "/busy/a", "1", "--server="+internal)
	<-sub.code
	for _, want := range []string{`"level":`, `"byType":`, `"loops":[{`, `"memory":`} {
		if !strings.Contains(sub.out.String(), want) {
			t.Errorf("no %s in %s", want, sub.out.String())
		}
	}
	if strings.Contains(get(t, endpoint+"/../console"), "Console") {
		t.Error("the public listener has the console")
	}
	s.stop()
}

// A variable of OpenTelemetry that is wrong ends the start with its name.
func TestBadTracesAtTheStart(t *testing.T) {
	t.Setenv("OTEL_TRACES_EXPORTER", "zipkin")
	var out, log buffer
	code := run(environment{ctx: t.Context(), stdin: strings.NewReader(""), stdout: &out, stderr: &log}, []string{"serve", "--check-config"})
	if code != 2 || !strings.Contains(log.String(), "OTEL_TRACES_EXPORTER: ") {
		t.Errorf("%d: %s", code, log.String())
	}
}

package simulation

import (
	"fmt"
	"reflect"
	"strings"

	"halley/bayeux"
)

// leftovers tells what a core still keeps, in words; all of its sessions are gone.
// It looks where the package lets nobody look: a server has no use for that.
func leftovers(s *bayeux.Server) string {
	core := reflect.ValueOf(s).Elem()
	var left []string
	count := func(what string, n int) {
		if n != 0 {
			left = append(left, fmt.Sprintf("%d %s", n, what))
		}
	}
	field := func(path string) reflect.Value {
		v := core
		for _, name := range strings.Split(path, ".") {
			if v.Kind() == reflect.Pointer {
				v = v.Elem()
			}
			v = v.FieldByName(name)
		}
		return v
	}
	for _, path := range []string{"dirty.list", "doomed.list", "longIDs", "parked", "backlogs.of", "backlogs.in", "composer.syncs", "joins", "replays.of", "grants.claims", "reading.list",
		"fanout.pauses.byKey", "fanout.pauses.ofSession", "fanout.intervals.of", "fanout.filters.of", "queues.replaced", "queues.losses", "queues.carried"} {
		count(path, field(path).Len())
	}
	for _, path := range []string{"sessions.count", "wheel.armed", "lazies.wheel.armed", "fanout.pauses.wheel.armed", "stats.Held", "queues.open", "queues.nodes.bytes"} {
		count(path, int(field(path).Int()))
	}
	for _, path := range []string{"fanout.latest", "queues.keys"} {
		count(path, field(path+".ids").Len()-int(field(path+".idle").Int()))
	}
	count("pauses", field("fanout.pauses.items").Len()-field("fanout.pauses.free").Len())
	count("nodes", usedNodes(field("queues.nodes.Chunks")))
	return strings.Join(left, ", ")
}

// usedNodes is how many nodes are in use.
func usedNodes(nodes reflect.Value) (used int) {
	chunks := nodes.FieldByName("places")
	for i := range chunks.Len() {
		used += int(chunks.Index(i).FieldByName("used").Uint())
	}
	return used
}

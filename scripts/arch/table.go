// Proved by TestTableNamesEachPackageOnce and TestPlantedViolationsAreFound.

package arch

import "strings"

// purity says how much of the outside world a package may see.
type purity int

const (
	impure    purity = iota // sockets, files, clock, locks: all allowed
	netless                 // all but sockets
	clockless               // none of them; the types and arithmetic of package time are allowed, its clock and timers are not
	timeless                // none of them, and no package time at all
)

// String names what a package is.
func (p purity) String() string {
	if p == netless {
		return "without sockets"
	}
	return "pure"
}

// rule is one row of the table: what the packages in a directory may import besides the standard library.
type rule struct {
	dir    string   // below the module's root; "bench/..." is bench and all below it
	own    []string // our own packages, in the same form
	third  []string // import path prefixes of other modules; with "*" all of them
	purity purity
}

const (
	goJSON = "github.com/goccy/go-json"
	gnet   = "github.com/panjf2000/gnet"
)

// table is who may import whom. A package that no row names is a violation: a new package starts with a row here.
func table() []rule {
	all := []string{"*"}
	return []rule{
		{"httpparse", nil, nil, timeless},
		{"httpparse/websocket", nil, []string{"github.com/gobwas/ws"}, timeless},

		{"bayeux/message", nil, []string{goJSON}, timeless},
		{"bayeux/channel", []string{"bayeux/slab"}, nil, timeless},
		{"bayeux/wheel", nil, nil, clockless},
		{"bayeux/slab", nil, nil, clockless},
		{"bayeux/work", nil, nil, clockless},
		{"bayeux/event", []string{"bayeux/message"}, nil, clockless},
		{"bayeux/history", []string{"bayeux/message", "bayeux/channel"}, nil, clockless},
		{"bayeux/rules", []string{"bayeux/message", "bayeux/channel", "bayeux/event", "bayeux/history"}, nil, clockless},
		{"bayeux/queue", []string{"bayeux/event", "bayeux/slab", "bayeux/work"}, nil, clockless},
		{"bayeux/fanout", []string{
			"bayeux/message", "bayeux/channel", "bayeux/event", "bayeux/rules", "bayeux/slab", "bayeux/wheel", "bayeux/work",
		}, nil, clockless},
		{"bayeux/reply", []string{"bayeux/message", "bayeux/event"}, nil, clockless},
		{"bayeux", []string{
			"bayeux/message", "bayeux/channel", "bayeux/event", "bayeux/history", "bayeux/reply", "bayeux/rules", "bayeux/wheel", "bayeux/slab", "bayeux/work",
			"bayeux/queue", "bayeux/fanout",
		}, []string{goJSON}, clockless},
		{"bayeux/simulation", []string{
			"bayeux", "bayeux/message", "bayeux/channel", "bayeux/event", "bayeux/history", "bayeux/queue", "bayeux/reply", "bayeux/rules",
		}, nil, clockless},
		{"bayeux/connectiontype", []string{"bayeux/message"}, nil, clockless},
		{"bayeux/client", nil, []string{"github.com/coder/websocket", goJSON}, impure},

		{"loop/front", []string{"httpparse/...", "bayeux/connectiontype"}, nil, timeless},
		{"loop/settings", nil, nil, clockless},
		{"loop/address", []string{"httpparse"}, []string{"github.com/pires/go-proxyproto"}, impure},
		{"loop/limits", []string{"loop/address", "loop/sharded"}, nil, impure},
		{"loop/metric", nil, nil, clockless},
		{"loop/socket", nil, []string{gnet, "golang.org/x/sys"}, impure},
		{"loop/listen", nil, []string{"golang.org/x/sys"}, impure},
		{"loop/handover", []string{"bayeux/history"}, []string{"golang.org/x/sys"}, impure},
		{"loop/bus", []string{"bayeux", "bayeux/event", "bayeux/history"}, nil, netless},
		{"loop/sharded", nil, nil, netless},
		{"loop/secure", nil, []string{"golang.org/x/crypto", "golang.org/x/net/idna", "golang.org/x/sys"}, impure},
		{"loop/interest", []string{"bayeux/channel", "bayeux/slab"}, nil, netless},
		{"loop/hops", []string{"bayeux/event"}, nil, impure},
		{"loop/journal", []string{"bayeux/history"}, []string{"golang.org/x/sys"}, netless},
		{"loop/sequence", []string{"bayeux", "bayeux/event", "bayeux/history", "bayeux/rules", "loop/journal"}, nil, netless},
		{"loop", []string{
			"httpparse/...", "bayeux", "bayeux/message", "bayeux/channel", "bayeux/event", "bayeux/history", "bayeux/reply", "bayeux/rules",
			"bayeux/wheel", "bayeux/slab", "bayeux/connectiontype",
			"loop/address", "loop/front", "loop/hops", "loop/limits", "loop/bus", "loop/handover", "loop/interest", "loop/journal", "loop/listen", "loop/metric", "loop/sequence", "loop/settings", "loop/sharded", "loop/socket",
		}, all, impure},
		{"loop/access", []string{"httpparse", "bayeux", "bayeux/...", "loop/access/...", "loop/address", "loop/front", "loop/settings"}, all, impure},
		{"loop/access/lettered", []string{"bayeux/channel"}, nil, clockless},
		{"loop/access/token", []string{"loop/access/lettered", "httpparse", "bayeux", "bayeux/message", "bayeux/channel", "bayeux/reply", "loop/settings"}, all, impure},
		{"loop/access/key", []string{"bayeux/channel", "loop/address"}, nil, impure},
		{"loop/access/hook", []string{"loop/access/lettered", "bayeux", "bayeux/channel", "bayeux/message", "bayeux/reply", "loop/metric", "loop/settings"}, nil, impure},
		{"loop/presence", []string{"bayeux", "bayeux/channel"}, nil, impure},
		{"loop/upstream", []string{"bayeux/channel", "bayeux/client", "bayeux/event", "bayeux/message", "loop/hops", "loop/settings"}, nil, impure},
		{"loop/cluster/wire", nil, nil, impure},
		{"loop/cluster/subject", nil, nil, timeless},
		{"loop/cluster/feeds", []string{"bayeux/channel", "bayeux/event", "bayeux/message", "loop/hops", "loop/settings"}, []string{"github.com/nats-io"}, impure},
		{"loop/cluster/...", []string{
			"bayeux", "bayeux/channel", "bayeux/event", "bayeux/history", "bayeux/message", "bayeux/rules", "loop/bus", "loop/journal", "loop/metric", "loop/sequence", "loop/settings",
			"loop/cluster/...",
		}, all, impure},

		{"cmd/halley/...", []string{"httpparse/...", "bayeux/...", "loop/...", "cmd/halley/...", "bench/preflight"}, all, impure},
		{"cmd/halley-bench/...", []string{"bench/...", "cmd/halley-bench/..."}, all, impure},
		{"bench/...", []string{"bench/..."}, all, impure},
		{"scripts/...", []string{"..."}, all, impure},
	}
}

// gnetOwners are the packages that may import gnet: the server's event loops are behind loop, each connection is behind loop/socket,
// and the load generator has loops of its own.
func gnetOwners() []string { return []string{"loop", "loop/socket", "bench/..."} }

// banned are the standard packages, each with all below it, that a package of some purity must not import.
func banned(p purity) []string {
	switch p {
	case impure:
		return nil
	case netless:
		return []string{"C", "net"}
	}
	return []string{"C", "net", "os", "sync", "syscall", "crypto/rand", "math/rand"}
}

// clock is what of package time a clockless package must not name: everything that reads the clock or waits for it.
func clock() []string {
	return []string{"Now", "Sleep", "After", "AfterFunc", "Since", "Until", "Tick", "NewTicker", "NewTimer"}
}

// ruleOf finds the row of a directory.
func ruleOf(dir string) (rule, bool) {
	for _, r := range table() {
		if covers(r.dir, dir) {
			return r, true
		}
	}
	return rule{}, false
}

// covers says whether a path of the table means dir.
func covers(path, dir string) bool {
	if path == "..." {
		return true
	}
	if root, tree := strings.CutSuffix(path, "/..."); tree {
		return below(root, dir)
	}
	return path == dir
}

// below says whether path is root or lies under it.
func below(root, path string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}

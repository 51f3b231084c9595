// Proved by TestRivals and TestContest.

package main

import "time"

// rival is a server of the contest.
type rival struct {
	name    string        // as tables have it
	version string        // filled in by the contest
	tuned   string        // what was done in its favour, for the notes
	warms   time.Duration // its code gets faster while it runs: it is used for so long before it is measured
	ours    bool
	least   bool // no server that one would use, but a yardstick
	ways    []way
	lacks   string                                     // which ways it is not measured by, and why
	get     func(s *store) (version string, err error) // what is absent here is told by the error
	start   func(s *store, p place) (process, error)   // the program that serves at p
	takes   string                                     // path that takes publishes as halley-bench sends them; neither this nor speaks is of a Bayeux server
	speaks  func(p place) func(messages []event) post  // how it is published to in a form of its own
}

// way is how subscribers come to a server.
type way struct {
	kind  kind
	mount string   // path of the URL
	args  []string // of halley-bench
}

// kind is what ways have in common that are compared with each other.
type kind string

const (
	longPolls    kind = "long-polls"
	eventStreams kind = "event-streams"
	websockets   kind = "websockets"
)

func kinds() []kind { return []kind{longPolls, eventStreams, websockets} }

// place is where a server runs.
type place struct {
	dir         string // its working folder
	port, other int    // of 127.0.0.1; the other one is for what is no client
	idle        bool   // subscribers will be idle: what favours memory over speed is wanted
}

// process is a program and what it is called with.
type process struct {
	args, env []string
	// takes is a port that tells that the server is ready, if it takes connections; beside place.port.
	takes int
}

// bayeux is a way of Bayeux clients.
func bayeux(k kind, mount, connectionType string) way {
	return way{k, mount, []string{"--connection-type", connectionType}}
}

// plain is a way of clients without a session.
func plain(k kind, connectionType, path string, more ...string) way {
	return way{k, "/", append([]string{"--connection-type", connectionType, "--path", path}, more...)}
}

// rivals are the servers of the contest.
func rivals() []rival {
	return []rival{halley(), floorServer(), baseline(), nchan(), centrifugo(), pushpin(), cometdJava(), faye(), cometdNode()}
}

// event is a message as halley-bench publishes it: {"channel":…,"data":…}.
type event = []byte

// post is a request that publishes.
type post struct {
	url  string
	body []byte
}

// Proved by TestBeats and TestFiguresThatAreNamedExist.

package console

import "halley/cmd/halley/console/samples"

// trouble is a counter of something that did not go as it should, in an operator's words.
type trouble struct {
	metric     string // and its label, if it has one
	kind, what string
}

// The kinds of troubles, from bad to usual.
const (
	fault   = "fault"   // the server's own
	lost    = "lost"    // somebody did not get a message
	ended   = "ended"   // a connection or session was ended
	refused = "refused" // something was not begun
	client  = "client"  // a client did something wrong
	spared  = "spared"  // as the rules ask
)

// troubles are all of them, in the order in which they are shown.
func troubles() []trouble {
	return []trouble{
		{"panics_total", fault, "Panics recovered"},
		{"restarts_total", fault, "New starts of the event loops"},
		{"history_rewrite_errors_total", fault, "History file not written anew"},
		{"queue_dropped_total", lost, "Messages lost to full queues"},
		{"memory_shed_total", lost, "Messages given up, memory short"},
		{"replies_lost_total", lost, "Replies unconfirmed as the connection died"},
		{"history_refused_total", lost, "Publishes refused, history file failing"},
		{"memory_sessions_ended_total", ended, "Sessions ended, memory short"},
		{"slow_closed_total", ended, "Connections closed, client does not read"},
		{"floods_closed_total", ended, "Connections closed, client sends ahead"},
		{"frame_errors_total", ended, "Websockets closed for their frames"},
		{"connections_refused_total", refused, "Connections above the limit"},
		{"clients_refused_total connections", refused, "Connections above their address’s limit"},
		{"clients_refused_total handshakes", refused, "Handshakes above their address’s limit"},
		{"clients_refused_total messages", refused, "Messages above their address’s limit"},
		{"clients_refused_total bytes", refused, "Bytes above their address’s limit"},
		{"clients_refused_total clientids", refused, "Guesses of clientIds above their address’s limit"},
		{"clients_refused_total behind", refused, "Turned away while loops are late"},
		{"clients_refused_total untrusted-proxy", refused, "Peers that are no trusted proxy"},
		{"clients_refused_total proxy-header", refused, "Proxies without their header"},
		{"memory_refused_total", refused, "Publishes and sessions, memory short"},
		{"handshakes_damped_total", refused, "Handshakes of a storm"},
		{"origins_refused_total", refused, "Pages of other origins"},
		{"bayeux_errors_total", client, "Bayeux messages refused"},
		{"http_errors_total", client, "HTTP errors answered"},
		{"parse_errors_total", client, "Requests that are no HTTP"},
		{"scan_errors_total", client, "Bodies that are no batch"},
		{"requests_abandoned_total", client, "Requests not begun, client had left"},
		{"sessions_expired_total", client, "Sessions expired"},
		{"conflated_total", spared, "Messages that a newer one replaced"},
	}
}

// lost is how many messages a second somebody does not get.
func (c change) lost() (rate float64) {
	for _, t := range troubles() {
		if t.kind == lost {
			rate += c.rate(t.metric)
		}
	}
	return rate
}

// count is a trouble with how often it came.
type count struct {
	Kind  string  `json:"kind"`
	What  string  `json:"what"`
	Total float64 `json:"total"`
	Rate  float64 `json:"rate"`
}

// counts are the troubles that there were.
func (c change) counts() []count {
	list := []count{}
	for _, t := range troubles() {
		if total := c.to.values[t.metric]; total > 0 {
			list = append(list, count{t.kind, t.what, total, samples.Rounded(c.rate(t.metric))})
		}
	}
	return list
}

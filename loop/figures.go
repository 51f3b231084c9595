package loop

import (
	"time"

	"halley/bayeux"
	"halley/httpparse"
	"halley/loop/hops"
	"halley/loop/metric"
	"halley/loop/sequence"
	"halley/loop/socket"
)

// Figures. A field is all that a counter needs: where it is counted it is a field like any other, and its
// tag names it for the metrics page, see package loop/metric.

// Stats is what the server has done since its start.
type Stats struct {
	Uptime        time.Duration `metric:"uptime_seconds" help:"Time since the start."`
	Ready         bool          `metric:"ready" help:"1 while the server should be sent new clients, as /health/ready has it."`
	Connections   int64         `metric:"connections" help:"Connections open."`
	MostConnected int64         `metric:"max_connections" help:"Connections above which further ones are refused."`
	Accepted      int64         `metric:"connections_accepted_total" help:"Connections accepted."`
	Refused       int64         `metric:"connections_refused_total" help:"Connections refused above the limit."`
	Steering      bool          `metric:"steering" help:"1 while new connections go to an event loop by the address that they come from."`
	MovesFailed   uint64        `metric:"connection_moves_failed_total" help:"Connections that ended on their way from one event loop to another."`
	Restarts      uint64        `metric:"restarts_total" help:"New starts of the event loops, which a failing accept ends."`
	Memory        int64         `metric:"memory_bytes" help:"Memory of the process, as it is held against max_memory_bytes."`
	MaxMemory     int64         `metric:"max_memory_bytes" help:"Memory above which work is refused and what waits is given up."`
	MemoryRefused uint64        `metric:"memory_refused_total" help:"Publishes and sessions refused because memory was short."`
	SpansDropped  uint64        `metric:"spans_dropped_total" help:"Spans that were not traced, since those before them had not gone in time."`
	LinesDropped  uint64        `metric:"request_lines_dropped_total" help:"Lines of logged requests that were left out, since they were not written in time."`

	TLS     socket.TLSFigures
	Hops    hops.Figures
	Totals              // of all loops
	Loops   []LoopStats `label:"loop"`
	History sequence.Usage
}

// Totals are figures of one loop, or of all together.
type Totals struct {
	bayeux.Stats
	Counters
	Slow int64 `metric:"connections_slow" help:"Connections of which output waits, since their clients do not take it."`
	Kept Kept  `metric:"kept_bytes" label:"owner" help:"Bytes that clients make the server keep, by owner."`
}

// Counters are what one loop counts beside its protocol core.
type Counters struct {
	Waiting        ByType  `metric:"connections_waiting" label:"type" help:"Connections that wait for events, by connection type: held requests, streams and websockets."`
	Requests       uint64  `metric:"requests_total" help:"Requests of the public listener."`
	BytesIn        uint64  `metric:"received_bytes_total" help:"Bytes read from clients."`
	BytesOut       uint64  `metric:"sent_bytes_total" help:"Bytes written to clients."`
	HTTPErrors     uint64  `metric:"http_errors_total" help:"Responses with an error status."`
	ScanErrors     uint64  `metric:"scan_errors_total" help:"Bodies that were no batch of messages."`
	FrameErrors    uint64  `metric:"frame_errors_total" help:"Websockets closed for their frames."`
	ParseErrors    ByKind  `metric:"parse_errors_total" label:"kind" help:"Requests that could not be parsed, by kind."`
	Floods         uint64  `metric:"floods_closed_total" help:"Connections closed for sending ahead."`
	Abandoned      uint64  `metric:"requests_abandoned_total" help:"Requests and frames that were not begun, since their client had left."`
	Forsaken       uint64  `metric:"requests_forsaken_total" help:"Requests, streams and websockets that ended since the node of their session was gone, or had too much to do."`
	SlowClosed     uint64  `metric:"slow_closed_total" help:"Connections closed for not reading."`
	LostInFlight   uint64  `metric:"replies_lost_total" help:"Replies with messages whose connection died before they were confirmed."`
	Panics         uint64  `metric:"panics_total" help:"Panics recovered: faults of this server."`
	ClientsRefused ByCause `metric:"clients_refused_total" label:"cause" help:"Requests, frames and connections that were refused because of their client, by cause."`
	SessionsEnded  ByEnd   `metric:"sessions_ended_total" label:"cause" help:"Sessions that ended, by cause."`
	OriginsRefused uint64  `metric:"origins_refused_total" help:"Requests of pages that --allow-origin does not admit."`
}

// ByKind counts requests that could not be parsed.
type ByKind [httpparse.KindCount]uint64

// Label implements metric.Labels.
func (ByKind) Label(kind int) string { return httpparse.Kind(kind).String() }

// ByType counts connections that wait for events, by what they wait with: a connection type, or an event-stream without Bayeux.
type ByType [len(waitingTypes)]int64

// waitingTypes are the kinds of ByType. What Faye calls cross-origin-long-polling is long-polling here.
var waitingTypes = [...]string{
	bayeux.LongPolling.String(), bayeux.CallbackPolling.String(), bayeux.WebSocket.String(), bayeux.EventSource.String(),
	bayeux.XHRStreaming.String(), bayeux.Iframe.String(), bayeux.MimeMessageBlock.String(), "events",
}

// Label implements metric.Labels.
func (ByType) Label(i int) string { return waitingTypes[i] }

// LoopStats are figures of one loop that cannot be added up.
type LoopStats struct {
	Lag         time.Duration `metric:"loop_lag_seconds" help:"How late the last tick of an event loop ran."`
	Connections int           `metric:"loop_connections" help:"Connections open at an event loop."`
	Forwarded   uint64        `metric:"loop_requests_forwarded_total" help:"Requests and frames that an event loop passed on to the loop of their session."`
	Moved       uint64        `metric:"loop_connections_moved_total" help:"Connections that moved to an event loop, that of their session."`
	Steered     uint64        `metric:"loop_connections_steered_total" help:"Connections that came to an event loop by the address of their client."`
	Turns
}

// Turns tells of the turns of one event loop since the server's start.
type Turns struct {
	Lengths      metric.Histogram `metric:"loop_turn_seconds" help:"Lengths of the turns of an event loop: its clients wait for their end."`
	Busy         time.Duration    `metric:"loop_busy_seconds_total" help:"Time that an event loop has been at work."`
	Longest      time.Duration    `metric:"loop_longest_turn_seconds" help:"Longest turn of an event loop since the start: its clients waited."`
	MostMessages uint64           `metric:"loop_longest_turn_messages" help:"Most messages that one turn has received since the start."`
	MostWork     uint64           `metric:"loop_longest_turn_work" help:"Most units of work (messages, patterns, deliveries) that one turn has done since the start."`
}

// Kept is how many bytes clients make the server keep, by owner.
type Kept struct {
	Output        int // written to connections that have not taken it, below the kernel
	Input         int // of requests and frames that have not come whole, or wait for a reply
	Queues        int // of sessions: what each has, though several may share an event
	Nodes         int // of the queues, used or not
	Mailboxes     int // from loop to loop
	History       int // remembered
	Subscriptions int // in the tables of the loops
	Claims        int // of sessions, by an authority
	Repeats       int // of what clients have published last, to know it again
	Presence      int // of who is there, beside the loops
}

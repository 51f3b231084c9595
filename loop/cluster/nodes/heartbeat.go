// Proved by TestHeartbeatForm and FuzzHeartbeat.

package nodes

import (
	"encoding/json"
	"errors"
	"strconv"
)

// heartbeat is what a node tells all others of itself. Fields that a later version adds are passed over.
type heartbeat struct {
	Number   uint16   `json:"node"`
	Of       identity `json:"incarnation"`
	Phase    phase    `json:"phase,omitempty"`
	Versions Versions `json:"versions"`
	Address  string   `json:"address,omitempty"`
	Loops    int      `json:"loops,omitempty"`
	Epochs   []epoch  `json:"epochs,omitempty"` // with nodes that were lost once
}

// phase is how far a node is in its life.
type phase string

const (
	here     phase = ""         // it is a node
	claiming phase = "claims"   // it asks whether its number is taken
	draining phase = "drains"   // it lets its clients go
	leaving  phase = "farewell" // it is gone
)

// Versions are those of the links' protocol that a node speaks.
type Versions struct {
	Least uint8 `json:"least"`
	Most  uint8 `json:"most"`
}

// common is the newest version that both speak; false: there is none.
func (v Versions) common(other Versions) (uint8, bool) {
	newest := min(v.Most, other.Most)
	return newest, newest >= max(v.Least, other.Least)
}

// epoch is how often a node, of a number, and the one that says so have lost each other.
type epoch struct {
	Number uint16   `json:"node"`
	Of     identity `json:"incarnation"`
	Epoch  uint32   `json:"epoch"`
}

// identity tells one start of a node from all others: the time in its upper bits, so that of two the younger one is known.
type identity uint64

// identityBits are those that are random.
const identityBits = 20

// MarshalText implements encoding.TextMarshaler: 64 bits are more than some readers of JSON take for a number.
func (i identity) MarshalText() ([]byte, error) { return strconv.AppendUint(nil, uint64(i), 16), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (i *identity) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 16, 64)
	*i = identity(n)
	return err
}

// What a heartbeat may have at most.
const (
	maxHeartbeat = 1 << 20 // bytes
	maxAddress   = 256     // bytes of an address
	maxLoops     = 1 << 16
)

// errHeartbeat means that some bytes are no heartbeat.
var errHeartbeat = errors.New("malformed heartbeat")

// append appends the heartbeat as it goes over the wire.
func (h *heartbeat) append(dst []byte) []byte {
	text, err := json.Marshal(h)
	if err != nil {
		panic(err) // no field of it can fail
	}
	return append(dst, text...)
}

// parseHeartbeat reads what append has written.
func parseHeartbeat(text []byte) (h heartbeat, err error) {
	if len(text) > maxHeartbeat || json.Unmarshal(text, &h) != nil {
		return h, errHeartbeat
	}
	if h.Number == 0 || h.Of == 0 || h.Versions.Most < h.Versions.Least || len(h.Address) > maxAddress || h.Loops < 0 || h.Loops > maxLoops {
		return h, errHeartbeat
	}
	return h, nil
}

// epochWith is the epoch that the sender says for a node.
func (h *heartbeat) epochWith(number uint16, of identity) uint32 {
	for _, e := range h.Epochs {
		if e.Number == number && e.Of == of {
			return e.Epoch
		}
	}
	return 0
}

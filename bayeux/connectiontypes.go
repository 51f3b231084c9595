package bayeux

// ConnectionType is a way to hold a connection, named on the wire in
// supportedConnectionTypes and connectionType (Bayeux 1.0, section 2.3).
type ConnectionType uint8

// The connection types that a session can use. CrossOriginLongPolling is what
// Faye's browser client calls long-polling across origins.
const (
	LongPolling ConnectionType = iota
	CallbackPolling
	CrossOriginLongPolling
	connectionTypes
	noConnectionType = ^ConnectionType(0)
)

var connectionTypeNames = [connectionTypes]string{
	LongPolling:            "long-polling",
	CallbackPolling:        "callback-polling",
	CrossOriginLongPolling: "cross-origin-long-polling",
}

// String returns the name on the wire.
func (t ConnectionType) String() string {
	if t < connectionTypes {
		return connectionTypeNames[t]
	}
	return "none"
}

// parseConnectionType finds the type that name stands for.
func parseConnectionType(name []byte) (ConnectionType, bool) {
	for t, known := range connectionTypeNames {
		if string(name) == known {
			return ConnectionType(t), true
		}
	}
	return 0, false
}

// appendConnectionTypes appends the JSON array of all types.
func appendConnectionTypes(dst []byte) []byte {
	for t, name := range connectionTypeNames {
		sep := byte(',')
		if t == 0 {
			sep = '['
		}
		dst = append(dst, sep, '"')
		dst = append(append(dst, name...), '"')
	}
	return append(dst, ']')
}

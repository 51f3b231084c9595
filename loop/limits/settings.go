// Proved by TestConnections and TestModel.

// Package limits counts what each address does on all loops, and tells when that is too much. Addresses of IPv6 count by their
// /64 network.
package limits

// Settings are what one address may do, with the tags of package loop/settings. 0 sets no limit.
type Settings struct {
	AddressConnections int `name:"address-connections" reload:"yes" group:"limits" default:"0" min:"0" max:"10000000" help:"Connections at once of one address (one IPv6 /64), further ones are answered 429; trusted proxies have no limit, and of a client that one names the requests count that are not answered yet; 0 sets none."`
	HandshakeRate      int `name:"handshake-rate" reload:"yes" group:"limits" default:"0" min:"0" max:"1000000" help:"Handshakes per second from one address (one IPv6 /64); more are answered 429; 0 sets no limit."`
	MessageRate        int `name:"message-rate" reload:"yes" group:"limits" default:"0" min:"0" max:"10000000" help:"Messages, and requests without any, per second from one address (one IPv6 /64); more are answered 429, or a websocket closed with 1013; 0 sets no limit."`
	ByteRate           int `name:"byte-rate" reload:"yes" type:"size" group:"limits" default:"0" min:"0" max:"1024GiB" help:"Bytes per second from one address, likewise; 0 sets no limit."`
	WrongClientIDs     int `name:"wrong-clientids" reload:"yes" group:"limits" default:"60" min:"0" max:"1000000" help:"ClientIds per minute of one address (one IPv6 /64) that name a session but not its secret; more are answered 429, or a websocket closed with 1008; 0 sets no limit."`
}

// Kind is something of which an address may do too much.
type Kind uint8

// The kinds. Of all but connections so many may come in a second, of guesses in a minute.
const (
	Connections Kind = iota
	Handshakes
	Messages
	Bytes
	Guesses
	KindCount
)

// String is the word for what was too much.
func (k Kind) String() string {
	return [...]string{"connections", "handshakes", "messages", "bytes", "wrong clientIds"}[k]
}

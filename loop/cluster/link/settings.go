// Package link brings messages between the loops of all nodes of a cluster: requests for sessions that live on another node than
// their connection, and what comes back for them.
//
// Between two nodes that are joined (package nodes) messages arrive in the order in which they were sent, once, and without a hole,
// or the two lose each other: each batch of messages has a number, and the epoch of the two. So a loop that sends a message needs
// nothing but the news that a node is gone to know what became of it.
package link

// Settings are what an operator may set, see package loop/settings.
type Settings struct {
	Outbox int `name:"cluster-outbox" type:"size" group:"cluster" default:"64MiB" min:"1MiB" max:"4GiB" help:"Bytes that may wait to be sent to one node, about sessions that are not where their connections are; from half of that on no requests are passed on to it, and above it the two nodes lose each other."`
}

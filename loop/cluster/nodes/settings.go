// Package nodes knows the other nodes of a cluster: each one's number, whether it is there, and whether the two can work together.
//
// A node tells of itself by a heartbeat, six times in the time after which one that is silent counts as gone. Two nodes keep an
// epoch of their own: how often one of them has lost the other. Who loses a node closes all that it held for it, and says the next
// epoch; the other one hears that, does the same, and says it too. Both are joined while they say the same epoch, and what is sent
// in one is never taken in another. So a node that was paused, or cut off from one of many, has nothing of before the cut come in
// after it, and nodes that saw each other all the time notice nothing.
package nodes

import "time"

// Settings are what an operator may set, see package loop/settings.
type Settings struct {
	Timeout time.Duration `name:"cluster-timeout" group:"cluster" default:"3s" min:"300ms" max:"1m" help:"How long a node of the cluster may be silent before it counts as gone: its clients are told to shake hands anew."`
}

// beats is how many heartbeats a node sends in the time after which it counts as gone.
const beats = 6

// forgetAfter is after how many times the timeout a node that is gone is forgotten. One that was paused for longer, and comes back,
// finds by its own clock that it was.
const forgetAfter = 200

// maxGone is how many nodes that are gone are remembered.
const maxGone = 1024

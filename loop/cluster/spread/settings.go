package spread

import "time"

// Settings are what an operator may set, see package loop/settings.
type Settings struct {
	Linger    time.Duration `name:"cluster-linger" group:"cluster" default:"10s" min:"0s" max:"1h" help:"How long this node goes on to get the messages of a channel or pattern from other nodes after its last subscriber here has left."`
	Wildcards int           `name:"cluster-wildcards" group:"cluster" default:"20000" min:"0" max:"1000000" help:"Patterns with a wildcard of which this node gets the messages from other nodes; subscriptions to further ones are refused."`
	Exact     int           `name:"cluster-exact" group:"cluster" default:"20000" min:"0" max:"1000000" help:"Channels of which this node gets the messages from other nodes one by one; further ones come with the others of one of 1,024 parts of all channels."`
}

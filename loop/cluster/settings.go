// Proved by TestSettings.

package cluster

import (
	"errors"

	"halley/loop/cluster/link"
	"halley/loop/cluster/nats"
	"halley/loop/cluster/nodes"
	"halley/loop/cluster/spread"
)

// Settings are what an operator may set, see package loop/settings.
type Settings struct {
	NATS     nats.Settings   `embed:""`
	Nodes    nodes.Settings  `embed:""`
	Link     link.Settings   `embed:""`
	Spread   spread.Settings `embed:""`
	Required bool            `name:"cluster-required" group:"cluster" help:"Refuse publishes while this node does not reach the cluster; else what is published meanwhile comes to its own clients alone. It is not ready in both cases."`
}

// Active tells whether this server is to be a node.
func (s *Settings) Active() bool { return s.NATS.Active() }

// Check tells what of the settings is wrong, and names the flag.
func (s *Settings) Check() error {
	if s.Required && !s.Active() {
		return errors.New("--cluster-required: needs --cluster or --cluster-listen")
	}
	return s.NATS.Check()
}

// Doubt says what may not be meant by the settings; empty: nothing.
func (s *Settings) Doubt() string { return s.NATS.Doubt() }

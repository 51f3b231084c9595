// Package cluster joins a server to others, the nodes of one cluster: it makes the parts, and ties them to each other and to the
// server. The parts are packages below this one.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"halley/bayeux/event"
	"halley/loop/bus"
	"halley/loop/cluster/link"
	"halley/loop/cluster/nats"
	"halley/loop/cluster/nodes"
	"halley/loop/cluster/order"
	"halley/loop/cluster/spread"
	"halley/loop/cluster/subject"
	"halley/loop/sequence"
)

// Options are what a Cluster needs to know of the server.
type Options struct {
	MaxMessage       int           // bytes of what a client may send at once
	MaxChannelLength int           // bytes
	HistoryBytes     int           // that each node remembers
	DedupWindow      time.Duration // in which a publish with the key of another one is a repeat of it
	Loops            int           // event loops
	Address          string        // for people
	Log              *slog.Logger
}

// Server is what a Cluster needs of the server once it runs.
type Server interface {
	spread.Server
	// WatchChannels has watch called whenever a pattern gets its first subscriber or loses its last one.
	WatchChannels(watch func(pattern string, on bool))
	// NodeGone ends all that clients here have to do with a node that is gone, and calls done then.
	NodeGone(node uint16, done func())
	// Trouble makes the server unready for a reason, or ready again.
	Trouble(part, why string)
}

// Cluster joins this server to others. It implements loop.Cluster.
type Cluster struct {
	settings Settings
	options  Options
	space    subject.Space
	wire     *nats.Wire
	nodes    *nodes.Nodes
	link     *link.Link // nil before Link
	spread   *spread.Spread
	order    *order.Log // nil before Log
	server   Server     // nil before Begin
	fault    error      // of Link, which has no way to tell
}

// room is what a message has beside what a client has sent, at the most: numbers, a subject, the servers that it has passed.
const room = 16 << 10

// Open joins the cluster, but for what comes to this node before Run. Errors name the flag.
func Open(ctx context.Context, s Settings, o Options) (c *Cluster, err error) {
	c = &Cluster{settings: s, options: o, space: subject.Of(s.NATS.Name)}
	if c.wire, err = nats.Open(s.NATS, o.MaxMessage+room, o.Log); err != nil {
		return nil, err
	}
	if err = c.open(ctx, o); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// open makes the parts beside the wire.
func (c *Cluster) open(ctx context.Context, o Options) (err error) {
	if err := spread.Check(c.space, o.MaxChannelLength); err != nil {
		return err
	}
	c.nodes, err = nodes.Open(ctx, nodes.Options{
		Settings: c.settings.Nodes, Wire: c.wire, Prefix: string(c.space), Address: o.Address, Loops: o.Loops,
		Versions: versions(), Log: o.Log,
	})
	if err != nil {
		return fmt.Errorf("--cluster-name %s: %w", c.settings.NATS.Name, err)
	}
	me := spread.Origin{Node: c.nodes.Number(), Incarnation: c.nodes.Incarnation()}
	c.spread, err = spread.New(c.wire, c.space, me, c.settings.Spread, o.Log)
	return err
}

// versions are those of the protocol between nodes that this program speaks: a release speaks that of the one before it, too.
func versions() nodes.Versions { return nodes.Versions{Least: bus.Oldest, Most: bus.Version} }

// Node implements loop.Cluster.
func (c *Cluster) Node() uint16 { return c.nodes.Number() }

// Eldest tells whether this node is the one that does what one node is to do for all.
func (c *Cluster) Eldest() bool { return c.nodes.Eldest() }

// Link implements loop.Cluster.
func (c *Cluster) Link(local *bus.Local) bus.Link {
	c.link, c.fault = link.New(link.Options{Settings: c.settings.Link, Wire: c.wire, Prefix: string(c.space), Nodes: c.nodes, Local: local})
	if c.fault != nil {
		return local
	}
	return c.link
}

// Log implements loop.Cluster.
func (c *Cluster) Log(local *sequence.Local) sequence.Log {
	c.order = order.New(local, c.spread.Log(local), c.wire, c.ofOrder())
	return c.order
}

// Spread implements loop.Cluster.
func (c *Cluster) Spread(e event.Event) { c.spread.Offer(e) }

// Await implements loop.Cluster.
func (c *Cluster) Await(patterns []string, then func()) { c.spread.Await(patterns, then) }

// Most implements loop.Cluster.
func (c *Cluster) Most() int { return c.wire.Most() - room/2 }

// Congested implements loop.Cluster.
func (c *Cluster) Congested() bool {
	return c.spread.Congested() || c.settings.Required && (!c.wire.Up() || c.alone())
}

// MoreWildcards implements loop.Cluster.
func (c *Cluster) MoreWildcards() int { return c.spread.MoreWildcards() }

// What keeps the server from being a node, as it calls that.
const (
	connection = "cluster"
	company    = "cluster nodes"
	snapshots  = "cluster snapshots"
	stream     = "cluster history"
)

// Begin has the server know how the cluster is, and the cluster what the server's clients want. It is to be called before the server
// runs.
func (c *Cluster) Begin(server Server) {
	c.server = server
	server.Trouble(snapshots, "not there yet")
	server.Trouble(stream, "not there yet")
	c.wire.Watch(c.connected)
	c.connected(c.wire.Up())
	c.look()
	server.WatchChannels(c.spread.Want)
	c.nodes.Watch(nodes.Watcher{
		Came: func(nodes.Node) { c.look() },
		Gone: func(n nodes.Node, done func()) {
			c.look()
			c.spread.Gone(n.Number)
			server.NodeGone(n.Number, done)
		},
	})
}

// connected tells the server whether there is a connection.
func (c *Cluster) connected(up bool) {
	why := ""
	if !up {
		why = "there is no connection to NATS"
	}
	c.tell(connection, why)
}

// alone tells whether this node, of three or more that have their own NATS, works with no other: it is the smaller part of a split, or
// all others are down. One of two cannot know which of the two is cut off.
func (c *Cluster) alone() bool { return len(c.settings.NATS.Peers) > 1 && c.nodes.Works() == 0 }

// look tells the server whether there are other nodes.
func (c *Cluster) look() {
	why := ""
	if c.alone() {
		why = "no other node is reached"
	}
	c.tell(company, why)
}

// Run makes this server a node until ctx is done, and then leaves. The server is to serve when Settle returns. An error means that it
// must end; it may start anew.
func (c *Cluster) Run(ctx context.Context, server Server) error {
	defer c.Close()
	if c.fault != nil {
		return c.fault
	}
	living, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var all sync.WaitGroup
	all.Go(func() { c.link.Run(living) })
	all.Go(func() { c.spread.Run(living, server) })
	all.Go(func() {
		c.spread.Join(ctx)
		server.Trouble(snapshots, "")
	})
	var fault error
	all.Go(func() { fault = c.order.Run(living) })
	err := c.stay(ctx)
	end()
	all.Wait()
	return errors.Join(err, fault)
}

// stay makes this server a node until ctx is done. What it has published is said before the farewell, so that the others know that
// nothing of it is missing, and tell nobody of a gap.
func (c *Cluster) stay(ctx context.Context) error {
	living, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() {
		c.spread.Leave()
		end()
	})()
	err := c.nodes.Run(living)
	c.spread.Leave() // of a node that has to end
	return err
}

// Settle waits, beside Run, until this node works with the others: clients that come before would be sent away from sessions that
// live there. The log says if there is no other: the first node has none, and one with a wrong flag never has.
func (c *Cluster) Settle(ctx context.Context) {
	c.nodes.Settle(ctx)
	if ctx.Err() != nil || c.nodes.Works() > 0 {
		return
	}
	flag := "--cluster-peer"
	if c.settings.NATS.Servers != "" {
		flag = "--cluster"
	}
	c.options.Log.Warn("no other node of the cluster is reached: this one works alone until one comes", "flag", flag, "cluster", c.settings.NATS.Name)
}

// Drain tells the other nodes that this one lets its clients go.
func (c *Cluster) Drain() { c.nodes.Drain() }

// closeTimeout is how long what waits may take to go when a node leaves.
const closeTimeout = 2 * time.Second

// Close leaves the cluster. A second time it does nothing.
func (c *Cluster) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	c.wire.Close(ctx)
}

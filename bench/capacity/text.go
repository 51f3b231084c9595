// Proved by TestText and TestNumbersAsText.

package capacity

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"
)

// assumptions are what the plan takes for granted, one a line.
func (a *Audience) assumptions(c *Costs, n *Node, p *Plan) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	say("subscribers and symbols are spread evenly; each subscriber follows %d of %d symbols", a.Follow, a.Symbols)
	if a.Interval > 0 && a.Updates*a.Interval.Seconds() > 1 {
		say("conflation at %v leaves %.3g of %.3g messages a second for each symbol that a subscriber follows; it happens on the node of the subscriber, so it saves nothing between nodes",
			a.Interval, 1/a.Interval.Seconds(), a.Updates)
	} else {
		say("every message reaches its subscribers; conflation would change nothing at this rate, or is off")
	}
	say("a delivery costs %v of CPU and sends %.0f bytes beside %d of data; a response has %.3g", c.Delivery, c.Wire, a.Size, c.Responding)
	say("a held connection has %s in the process and %s in the kernel, and costs %v of CPU a second", size(c.User), size(c.Kernel), c.Held)
	say("a publish costs %v of CPU on the node that takes it, as a request of its own; in batches it costs less", c.Publish)
	say("every node has a subscriber of every symbol, so it gets every message that another node took: one message each, whatever the number of subscribers")
	if n.External {
		say("an external NATS server copies them, at costs of its own that are not in this plan")
	} else {
		say("publishers use all nodes alike, and a node sends each message to each other node: %v of CPU to send, %v to take", c.BusOut, c.BusIn)
	}
	if a.Polls {
		say("%.0f %% of the polls come to another node than their session's, at %v each over both nodes (0 %% where a balancer keeps a connection with a node, %.0f %% where it deals out requests)",
			100*a.Forwarded, c.Forward, 100*(1-1/float64(p.Nodes)))
	}
	if a.History {
		say("each message is stored by the cluster before it is delivered: %v of CPU over all nodes, in proportion to what each takes", c.Stored)
	} else {
		say("no channel has a history; with one each message would cost %v of CPU over all nodes", c.Stored)
	}
	say("%.0f %% of cores, memory and network are planned with, while %d of the nodes are missing; TLS is not in the plan", 100*n.Use, n.Spare)
	return lines
}

// Text writes the plan as a table.
func (p *Plan) Text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(t, "  %s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(t, "nodes\t%d, %d of which are needed: %s decides\n", p.Nodes, p.Needed, p.By)
	fmt.Fprintln(t, "\nof all nodes\t")
	row("published", "%s/s", count(p.Published))
	row("deliveries", "%s/s", count(p.Deliveries))
	row("sent to subscribers", "%s/s", size(p.Sent))
	row("NATS messages, for each node that gets one", "%s/s", count(p.Bus))
	row("NATS traffic", "%s/s", size(p.BusSent))
	row("memory", "%s", size(p.Memory))
	fmt.Fprintln(t, "\nof each node, with the spare ones missing\t")
	row("subscribers", "%s", count(p.PerNode.Subscribers))
	row("cores in use", "%.2f", p.PerNode.Cores)
	row("memory", "%s", size(p.PerNode.Memory))
	row("sent to subscribers", "%s/s", size(p.PerNode.Sent))
	row("NATS messages in and out", "%s/s and %s/s", count(p.PerNode.BusIn), count(p.PerNode.BusOut))
	row("NATS traffic out", "%s/s", size(p.PerNode.BusSent))
	switch {
	case p.Nodes == 1:
	case p.Reconnect == time.Duration(math.MaxInt64):
		fmt.Fprintln(t, "\nclients of a lost node\twould find no CPU left on the others")
	default:
		fmt.Fprintf(t, "\nclients of a lost node\tare back after %v of the others' spare CPU\n", p.Reconnect.Round(time.Millisecond))
	}
	fmt.Fprintln(t, "\nassumptions\t")
	if err := t.Flush(); err != nil {
		return err
	}
	for _, line := range p.Assumptions {
		if _, err := fmt.Fprintf(w, "  - %s\n", line); err != nil {
			return err
		}
	}
	return nil
}

// size writes bytes for people.
func size(bytes float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for ; bytes >= 1024 && i < len(units)-1; i++ {
		bytes /= 1024
	}
	if i == 0 {
		return fmt.Sprintf("%.0f B", bytes)
	}
	return fmt.Sprintf("%.1f %s", bytes, units[i])
}

// count writes a number with commas.
func count(v float64) string {
	digits, out := fmt.Sprintf("%.0f", v), ""
	for len(digits) > 3 {
		digits, out = digits[:len(digits)-3], ","+digits[len(digits)-3:]+out
	}
	return digits + out
}

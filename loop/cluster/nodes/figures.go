// Proved by TestGoneAndBack and TestVersions.

package nodes

// Figures are what a node has counted of the others.
type Figures struct {
	Alive     int64  `metric:"cluster_nodes" help:"Nodes of the cluster that this one works with, itself included."`
	Lost      Losses `metric:"cluster_nodes_lost_total" label:"reason" help:"Nodes that this one has lost: they were silent, said farewell, had lost this one, messages between the two were lost, or this one stood still."`
	Refused   int64  `metric:"cluster_nodes_refused" help:"Nodes that this one cannot work with, since they speak other versions."`
	Malformed uint64 `metric:"cluster_heartbeats_malformed_total" help:"Heartbeats that could not be read."`
	Unsent    uint64 `metric:"cluster_heartbeats_unsent_total" help:"Heartbeats of this node that were not sent, since too much waited to be sent."`
}

// Losses are how often a node was lost, by why.
type Losses struct{ Silent, Farewell, Told, Torn, Paused uint64 }

// count counts a loss.
func (l *Losses) count(why loss) {
	switch why {
	case silent:
		l.Silent++
	case farewell:
		l.Farewell++
	case told:
		l.Told++
	case torn:
		l.Torn++
	case paused:
		l.Paused++
	}
}

// loss is why a node is lost.
type loss string

const (
	silent   loss = "it was silent"
	farewell loss = "it has said farewell"
	told     loss = "it had lost this one"
	torn     loss = "messages were lost"
	paused   loss = "this one stood still"
)

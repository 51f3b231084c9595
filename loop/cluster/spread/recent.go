package spread

import "strings"

// recent are the channels that this node has published to, with the number of the last message on each, in the order of these
// numbers. It keeps a bounded number of channels: of those that it has forgotten it knows the greatest number.
type recent struct {
	most   int
	index  map[string]uint32
	nodes  []channelNode // the first is the head of the circle: newer is the oldest channel, older the newest one
	free   []uint32
	unsaid uint32 // the oldest channel whose last number no digest has said; 0: none
	floor  uint64 // the greatest last number of a channel that is forgotten
	said   uint64 // up to this number digests have said the last numbers, or the floor
}

// channelNode is a channel between an older and a newer one.
type channelNode struct {
	name         string
	subject      string
	last         uint64
	older, newer uint32
}

func newRecent(most int) *recent {
	return &recent{most: most, index: make(map[string]uint32), nodes: make([]channelNode, 1)}
}

// use notes the number of the next message on a channel. It returns its subject and what is known of the message before.
func (r *recent) use(name string, number uint64, subject func(string) string) (string, previous) {
	i, known := r.index[name]
	before := previous{r.floor, r.floor > 0}
	if known {
		before = previous{r.nodes[i].last, false}
		r.unlink(i)
	} else {
		i = r.add(name, subject(name))
	}
	r.nodes[i].last = number
	r.link(i)
	return r.nodes[i].subject, before
}

// add makes room for a channel. The name is a part of an event, which shall not be kept.
func (r *recent) add(name, subject string) (i uint32) {
	if len(r.index) >= r.most {
		r.forget(r.nodes[0].newer)
	}
	if n := len(r.free); n > 0 {
		i, r.free = r.free[n-1], r.free[:n-1]
	} else {
		i = uint32(len(r.nodes))
		r.nodes = append(r.nodes, channelNode{})
	}
	r.nodes[i] = channelNode{name: strings.Clone(name), subject: subject}
	r.index[r.nodes[i].name] = i
	return i
}

// forget forgets the oldest channel.
func (r *recent) forget(i uint32) {
	r.floor = r.nodes[i].last
	r.unlink(i)
	delete(r.index, r.nodes[i].name)
	r.nodes[i] = channelNode{}
	r.free = append(r.free, i)
}

func (r *recent) unlink(i uint32) {
	n := &r.nodes[i]
	if r.unsaid == i {
		r.unsaid = n.newer
	}
	r.nodes[n.older].newer, r.nodes[n.newer].older = n.newer, n.older
}

// link puts a channel in as the newest one.
func (r *recent) link(i uint32) {
	newest := r.nodes[0].older
	r.nodes[i].older, r.nodes[i].newer = newest, 0
	r.nodes[newest].newer, r.nodes[0].older = i, i
	if r.unsaid == 0 {
		r.unsaid = i
	}
}

// say takes the next channels for a digest, whose last numbers are at most upto: as many as fit. The digest says all numbers above
// from up to to: what is forgotten counts as said, for who has not heard of it to find out.
func (r *recent) say(upto uint64, most, bytes int) (list []lastOf, from, to uint64) {
	from = max(r.said, r.floor)
	for to = from; r.unsaid != 0 && r.nodes[r.unsaid].last <= upto; {
		n := &r.nodes[r.unsaid]
		if bytes -= len(n.name) + lastCost; most == 0 || bytes < 0 {
			r.said = to
			return list, from, to
		}
		most--
		list = append(list, lastOf{n.name, n.last})
		to, r.unsaid = n.last, n.newer
	}
	to = max(to, upto)
	r.said = to
	return list, from, to
}

// lastOf is the number of the last message on a channel.
type lastOf struct {
	channel string
	number  uint64
}

// lastCost is how many bytes a lastOf takes at most beside the channel's name.
const lastCost = 13

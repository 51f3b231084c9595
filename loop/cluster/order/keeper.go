package order

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"halley/bayeux/rules"
	"halley/loop/cluster/wire"
)

// The keeper has the stream be there. It asks its leader how far it is, every second: so a node that has missed the last events finds
// it, and the line knows that there is a leader. A question that comes before there is one is never answered, so it goes again.

// keeper looks after the stream.
type keeper struct {
	options *Options
	wire    wire.Wire
	rules   func() *rules.Rules
	line    *line
	feed    *feed

	mu       sync.Mutex
	asked    uint64 // numbers given to questions
	question question
	sent     time.Time // zero: no answer is awaited
	fed      int64     // what was heard then
	next     time.Time // when it asks again
	silent   time.Time // since when nothing was answered; zero: the last question was
	refused  time.Time // since when it cannot be made with as many nodes; zero: it can
	changed  time.Time // when it was changed last
	trouble  string    // what was told last
	why      string    // the last error
	said     string    // the last one that was logged
	met      bool      // the stream was there once
	puzzled  time.Time // since when it has nothing, of which this node does not know why; zero: it does
	leader   string    // the server that leads the stream, as it has said last
}

// unled is why nothing can be stored.
const unled = "no node leads it"

// question is what was asked.
type question uint8

const (
	info question = iota
	create
	update
	remove
)

// The times of a keeper.
const (
	askEvery    = time.Second
	askSoon     = 200 * time.Millisecond
	answerTime  = time.Second
	changeEvery = 10 * time.Second // at most
	unledTime   = 3 * time.Second  // without a leader: then publishes are refused before they are sent
	silentTime  = 15 * time.Second // then this node is not ready
	fewTime     = 5 * time.Second  // then a stream is made with one replica, unless a number was asked for
)

// tick asks what is due. It tells whether something is awaited.
func (k *keeper) tick(now time.Time) (working bool) {
	k.feed.wanted.Store(historied(*k.rules()))
	if !k.feed.wanted.Load() {
		k.tell("")
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	waits := !k.sent.IsZero()
	if waits && now.Sub(k.sent) >= answerTime {
		waits, k.sent, k.next = false, time.Time{}, now
		if k.silent.IsZero() {
			k.silent = now
		}
		k.why = unled
	}
	if !waits && !now.Before(k.next) {
		k.ask(info, nil, now)
	}
	k.judge(now)
	return !k.silent.IsZero() || k.why != ""
}

// leaderless tells whether the stream has had no leader for a while: longer than it takes to ask twice.
func (k *keeper) leaderless(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.silent.IsZero() && now.Sub(k.silent) >= unledTime
}

// hurry has the keeper ask as soon as it has the answer that it waits for.
func (k *keeper) hurry() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.next = time.Time{}
}

// again is hurry for when that answer may never come.
func (k *keeper) again() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.next, k.sent = time.Time{}, time.Time{}
}

// ask asks a question about the stream.
func (k *keeper) ask(q question, config *jetstream.StreamConfig, now time.Time) {
	k.asked++
	k.question, k.sent, k.next = q, now, now.Add(askEvery)
	k.fed = k.feed.reached()
	var data []byte
	if config != nil {
		data, _ = json.Marshal(config)
	}
	verb := map[question]string{info: "INFO", create: "CREATE", update: "UPDATE", remove: "DELETE"}[q]
	k.wire.Send(wire.Message{
		Subject: "$JS.API.STREAM." + verb + "." + k.options.Stream, Reply: k.options.answerTo(ofStream, k.asked), Data: data,
	})
}

// answered takes an answer about the stream.
func (k *keeper) answered(number uint64, m *wire.Message) {
	var answer struct {
		Error *apiError `json:"error"`
		jetstream.StreamInfo
	}
	nobody := field(m, "Status") == "503"
	if !nobody {
		if err := json.Unmarshal(m.Data, &answer); err != nil {
			return
		}
	}
	k.mu.Lock()
	if number != k.asked || k.sent.IsZero() {
		k.mu.Unlock()
		return
	}
	now, good := k.options.Now(), false
	s := state{int64(answer.State.FirstSeq), int64(answer.State.LastSeq), answer.Created, k.sent, k.fed}
	k.sent = time.Time{}
	switch {
	case nobody:
		k.fail("there is no JetStream: NATS of --cluster runs without it, or this user may not use it", now)
	case answer.Error != nil:
		k.failed(answer.Error, now)
	case k.question == remove:
		k.next = now
	case !led(answer.Cluster): // a server that keeps it says what it has, which may not be all
		k.fail(unled, now)
	case k.puzzles(&answer.StreamInfo, now):
		k.fail("it has nothing yet", now)
	case k.emptied(&answer.StreamInfo):
		k.options.Log.Warn("the stream of the cluster's history was in memory and is gone: it is made anew", "stream", k.options.Stream)
		k.ask(remove, nil, now)
	default:
		k.settle(&answer.StreamInfo, now)
		good = true
	}
	k.judge(now)
	k.mu.Unlock()
	if good {
		k.line.leads()
		k.feed.learn(s)
		k.report()
	}
}

// led tells whether a stream has a leader that a majority follows. One that none does goes on saying that it leads.
func led(c *jetstream.ClusterInfo) bool {
	if c == nil { // one server alone
		return true
	}
	all, follow := 1, 1
	for _, p := range c.Replicas {
		if all++; !p.Offline && p.Active < followTime {
			follow++
		}
	}
	return c.Leader != "" && 2*follow > all
}

// followTime is how long ago a follower has answered at the latest: heartbeats go each second at least.
const followTime = 5 * time.Second

// settle takes that the stream is there.
func (k *keeper) settle(i *jetstream.StreamInfo, now time.Time) {
	k.why, k.silent, k.refused, k.puzzled, k.met = "", time.Time{}, time.Time{}, time.Time{}, true
	if i.Cluster != nil {
		k.leader = i.Cluster.Leader
	}
	k.align(i, now)
}

// blank tells whether a stream in memory has nothing, and never had or has lost all with the nodes that kept it. NATS has one that has
// lost all begin with its first number again, so it has to go before that: another one begins with the time.
func blank(i *jetstream.StreamInfo) bool {
	return i.Config.Storage == jetstream.MemoryStorage && i.State.LastSeq < i.Config.FirstSeq
}

// emptied tells whether a stream has lost all. A node that was there before knows what it had. Of those that were not the eldest
// decides: where an elder one is, that knows, or would have found it.
func (k *keeper) emptied(i *jetstream.StreamInfo) bool {
	switch {
	case !blank(i):
		return false
	case k.met:
		return k.fed >= int64(i.Config.FirstSeq)
	}
	return k.old(i) && k.options.Eldest()
}

// puzzles tells whether this node, which begins, has to leave it to others for a while what becomes of a stream that has nothing.
func (k *keeper) puzzles(i *jetstream.StreamInfo, now time.Time) bool {
	if !blank(i) || k.met || !k.old(i) || k.options.Eldest() {
		k.puzzled = time.Time{}
		return false
	}
	if k.puzzled.IsZero() {
		k.puzzled = now
	}
	return now.Sub(k.puzzled) < emptyTime
}

// old tells whether a stream was made before this node began to look for it.
func (k *keeper) old(i *jetstream.StreamInfo) bool {
	return k.options.Now().Sub(i.Created) >= emptyTime
}

// emptyTime is how old a stream is at least that may have lost all, and how long a node that begins waits for others to find that out.
const emptyTime = 3 * time.Second

// fail notes why there is no stream, and asks again soon.
func (k *keeper) fail(why string, now time.Time) {
	if k.why = why; k.silent.IsZero() {
		k.silent = now
	}
	k.next = now.Add(askSoon)
}

// failed goes on after an error.
func (k *keeper) failed(e *apiError, now time.Time) {
	switch e.ErrorCode {
	case 10059: // there is none
		k.ask(create, k.options.wanted(*k.rules(), k.replicas(now), now, k.fed), now)
	case 10058: // another node was quicker, with another first number
		k.next = now
	case 10005, 10074, 10023: // too few peers, no cluster, or no room
		if k.refused.IsZero() {
			k.refused = now
		}
		if k.question == update { // it goes on as it is
			k.why = ""
			return
		}
		k.fail(fmt.Sprintf("NATS has not the nodes for a stream of %d replicas (%s): start more nodes, or set --cluster-replicas 1", k.replicas(now), e.Description), now)
	case 10039, 10076:
		k.fail("NATS of --cluster has no JetStream for this user: "+e.Description, now)
	default:
		k.fail(e.Description, now)
	}
}

// replicas is how many nodes are to keep the stream.
func (k *keeper) replicas(now time.Time) int {
	switch n := k.options.Replicas(); {
	case n > 0:
		return n
	case !k.refused.IsZero() && now.Sub(k.refused) >= fewTime:
		return 1
	}
	return 3
}

// align changes what of the stream is not as wanted.
func (k *keeper) align(i *jetstream.StreamInfo, now time.Time) {
	if !i.Config.AllowAtomicPublish && k.question != info {
		k.say("NATS stores no messages together: nats-server 2.12 or later is needed for channels with a history")
	}
	if (i.Config.Storage == jetstream.MemoryStorage) != k.options.Memory && k.question == info {
		k.say("the stream of the history is not stored as this node would have it; that cannot be changed while it is there: " + i.Config.Storage.String())
	}
	if k.question == create {
		k.changed = now
	}
	if now.Sub(k.changed) < changeEvery && !k.changed.IsZero() {
		return
	}
	config := i.Config
	if k.options.grow(&config, *k.rules(), k.replicas(now)) {
		k.changed = now
		k.ask(update, &config, now)
	}
}

// judge tells whether this node's history is of use.
func (k *keeper) judge(now time.Time) {
	if !k.silent.IsZero() && k.why != "" && (now.Sub(k.silent) >= silentTime || !k.feed.ready()) {
		k.set("the stream of the history: " + k.why)
	}
}

// report tells that the stream is there, and whether this node has all of it.
func (k *keeper) report() {
	why := ""
	if last, goal, ready := k.feed.progress(); !ready {
		why = fmt.Sprintf("catching up with the history of the cluster, %d events to go", goal-last)
	}
	k.tell(why)
}

// tell tells what the trouble is, if that is news.
func (k *keeper) tell(why string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.set(why)
}

func (k *keeper) set(why string) {
	if why == k.trouble {
		return
	}
	k.trouble = why
	k.options.Trouble(why)
	if why != "" {
		k.options.Log.Warn("not ready", "why", why)
	}
}

// say logs something once.
func (k *keeper) say(what string) {
	if what != k.said {
		k.said = what
		k.options.Log.Error(what, "stream", k.options.Stream)
	}
}

// Proved by TestStreamIsMade, TestBounds and TestGrow.

package order

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"halley/bayeux/rules"
)

// bounds are how much a stream keeps.
type bounds struct {
	messages int64         // of a channel; -1: any number
	age      time.Duration // 0: any
}

// historied tells whether any channel has a history.
func historied(list rules.Rules) bool {
	for _, b := range list.Behaviours() {
		if b.History {
			return true
		}
	}
	return false
}

// boundsOf are those that hold what all channels with a history keep. It is one message more of each channel: so a node that finds as
// many as a channel keeps, and no more, knows that none of them is missing.
func boundsOf(list rules.Rules) bounds {
	limit, oldest := int64(0), time.Duration(0)
	for _, b := range list.Behaviours() {
		if !b.History {
			continue
		}
		if b.Keep.Events == 0 {
			limit = -1
		} else if limit >= 0 {
			limit = max(limit, int64(b.Keep.Events)+1)
		}
		if b.Keep.Age == 0 {
			oldest = -1
		} else if oldest >= 0 {
			oldest = max(oldest, time.Duration(b.Keep.Age)*time.Millisecond)
		}
	}
	if oldest > 0 {
		oldest = max(oldest, leastAge)
	}
	return bounds{limit, max(0, oldest)}
}

// leastAge is how long the stream keeps everything at least, within its other bounds: it knows repeats for no longer than that.
const leastAge = time.Minute

// wanted is how the stream is made. Its numbers begin with the time, in microseconds: so those of one that is made anew are greater
// than all before, and also than those that this node has heard.
func (o *Options) wanted(list rules.Rules, replicas int, now time.Time, heard int64) *jetstream.StreamConfig {
	b := boundsOf(list)
	config := &jetstream.StreamConfig{
		Name: o.Stream, Subjects: []string{o.Prefix + ".h.>"}, FirstSeq: uint64(max(now.UnixMicro(), heard+1)),
		MaxMsgsPerSubject: b.messages, MaxAge: b.age, MaxBytes: o.Bytes, Replicas: replicas, Duplicates: o.window(b.age),
		RePublish:   &jetstream.RePublish{Source: o.Prefix + ".h.>", Destination: o.Prefix + ".r.>"},
		AllowDirect: true, AllowAtomicPublish: true,
		Description: "Channels with a history of halley",
	}
	if o.Memory {
		config.Storage = jetstream.MemoryStorage
	}
	return config
}

// window is how long a repeat is known: no longer than a message is kept.
func (o *Options) window(age time.Duration) time.Duration {
	if age > 0 {
		return min(o.Window, age)
	}
	return o.Window
}

// grow has a stream keep at least what is wanted, and tells whether that changes it. Other nodes may have wider rules still, or again:
// so it never keeps less.
func (o *Options) grow(config *jetstream.StreamConfig, list rules.Rules, replicas int) (changed bool) {
	b := boundsOf(list)
	set := func(change bool) bool {
		changed = changed || change
		return change
	}
	if now := config.MaxMsgsPerSubject; set(now > 0 && (b.messages < 0 || b.messages > now)) {
		config.MaxMsgsPerSubject = b.messages
	}
	if now := config.MaxAge; set(now > 0 && (b.age == 0 || b.age > now)) {
		config.MaxAge = b.age
	}
	if now := config.MaxBytes; set(now > 0 && o.Bytes > now) {
		config.MaxBytes = o.Bytes
	}
	if set(replicas > config.Replicas) {
		config.Replicas = replicas
	}
	if window := o.window(config.MaxAge); set(window > config.Duplicates) {
		config.Duplicates = window
	}
	if set(!config.AllowDirect || !config.AllowAtomicPublish || config.RePublish == nil) {
		config.AllowDirect, config.AllowAtomicPublish = true, true
		config.RePublish = &jetstream.RePublish{Source: o.Prefix + ".h.>", Destination: o.Prefix + ".r.>"}
	}
	return changed
}

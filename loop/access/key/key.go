// Package key has the API keys of back-ends: whoever presents one may do on the internal listener what the
// key is good for, and is called by its name.
package key

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"halley/bayeux/channel"
)

// Rights are what a key is good for beside publishing.
type Rights uint8

// The rights. A key file calls them by their words.
const (
	Listings Rights = 1 << iota // see channels and sessions
	Metrics
	Console
	Profiles
	End // end sessions

	all = Listings | Metrics | Console | Profiles | End
)

// words name the rights in key files, in their order.
func words() []string { return []string{"listings", "metrics", "console", "profiles", "end"} }

// rightOf is the right that a word names.
func rightOf(word string) (Rights, bool) {
	i := slices.Index(words(), word)
	return 1 << max(i, 0), i >= 0
}

// String is the words of all rights.
func (r Rights) String() string {
	var list []string
	for i, word := range words() {
		if r&(1<<i) != 0 {
			list = append(list, word)
		}
	}
	return strings.Join(list, " ")
}

// Key is who holds it, as far as the server knows. It never changes; what has been done with it is counted.
type Key struct {
	Name    string
	sum     [sha256.Size]byte
	rights  Rights
	publish []string // patterns
	listed  bool     // it stands in a key file
	use     *use
}

// master is the key of --internal-key, good for everything. It names no channel: a channel that asks for an API
// key is not opened by it.
func master(secret string) *Key {
	return &Key{Name: "internal-key", sum: sha256.Sum256([]byte(secret)), rights: all, publish: []string{"/**"}, use: new(use)}
}

// May tells whether the key is good for all of some rights.
func (k *Key) May(r Rights) bool { return k.rights&r == r }

// Publishes tells whether the key may publish to a channel, whose name is canonical.
func (k *Key) Publishes(name []byte) bool {
	return slices.ContainsFunc(k.publish, func(pattern string) bool { return channel.Matches([]byte(pattern), name) })
}

// Names tells whether the key is one of a key file, and names the channel there.
func (k *Key) Names(name []byte) bool { return k.listed && k.Publishes(name) }

// same tells whether two keys are good for the same.
func (k *Key) same(other *Key) bool {
	return k.sum == other.sum && k.rights == other.rights && slices.Equal(k.publish, other.publish)
}

// use is what has been done with a key.
type use struct {
	requests, published, refused atomic.Uint64
	told                         atomic.Int64 // when a refusal was logged last, in nanoseconds since 1970
}

// Asked counts a request with the key.
func (k *Key) Asked() { k.use.requests.Add(1) }

// Published counts messages that were published with the key.
func (k *Key) Published(n int) { k.use.published.Add(uint64(n)) }

// quiet is how long a further refusal of a key is not logged.
const quiet = time.Minute

// Refused counts a request that the key was not good for, and tells whether to log it.
func (k *Key) Refused(now time.Time) (tell bool) {
	k.use.refused.Add(1)
	last := k.use.told.Load()
	return now.UnixNano()-last >= int64(quiet) && k.use.told.CompareAndSwap(last, now.UnixNano())
}

// Figures are what has been done with a key.
type Figures struct {
	name      string
	Requests  uint64 `metric:"internal_key_requests_total" help:"Requests of the internal listener by the API key that they came with."`
	Published uint64 `metric:"internal_key_published_total" help:"Messages published with an API key."`
	Refused   uint64 `metric:"internal_key_refused_total" help:"Requests refused because their API key was not good for them."`
}

// Label is the name of the key.
func (f Figures) Label() string { return f.name }

func (k *Key) figures() Figures {
	return Figures{k.Name, k.use.requests.Load(), k.use.published.Load(), k.use.refused.Load()}
}

// Denied is why a key does not do for a request.
func (k *Key) Denied(r Rights) string {
	return fmt.Sprintf("the key %q is not good for this: it needs %q", k.Name, r)
}

package nats

import (
	"sync"
	"time"
	_ "unsafe" // for linkname

	_ "github.com/nats-io/nats-server/v2/server" // which has the variables
)

// The times of elections among NATS servers. When the leader of a stream dies, its followers notice after a time between the least
// and the most, and nothing is stored meanwhile: 4 to 9 seconds, unless they are told otherwise, for which NATS has no setting. These
// are its variables. With those below it is a second. The names are not a promise of NATS: one that is not there any more would be a
// new variable of zero here, so nothing is written before all three read as they are known to.
//
//go:linkname minElectionTimeout github.com/nats-io/nats-server/v2/server.minElectionTimeout
var minElectionTimeout time.Duration

//go:linkname maxElectionTimeout github.com/nats-io/nats-server/v2/server.maxElectionTimeout
var maxElectionTimeout time.Duration

//go:linkname hbInterval github.com/nats-io/nats-server/v2/server.hbInterval
var hbInterval time.Duration

// elections are those times.
type elections struct{ least, most, heartbeat time.Duration }

// usualElections are what NATS has, and quickElections what it gets.
func usualElections() elections { return elections{4 * time.Second, 9 * time.Second, time.Second} }
func quickElections() elections {
	return elections{800 * time.Millisecond, 1600 * time.Millisecond, 200 * time.Millisecond}
}

// quicken makes elections quick, for all servers of this process that start from now on; false: NATS is not as it was known, and
// they are as slow as it makes them.
var quicken = sync.OnceValue(func() bool {
	if (elections{minElectionTimeout, maxElectionTimeout, hbInterval}) != usualElections() {
		return false
	}
	quick := quickElections()
	minElectionTimeout, maxElectionTimeout, hbInterval = quick.least, quick.most, quick.heartbeat
	return true
})

package loop

// Proved by TestNotices, TestAddressLimits and TestProxyProtocol.

import (
	"log/slog"
	"net/netip"
	"sync/atomic"
)

// cause is why a client is refused.
type cause uint8

// The causes. The first four are limits of its address, in the order of limits.Kind.
const (
	manyConnections cause = iota
	manyHandshakes
	manyMessages
	manyBytes
	serverFull    // it has --max-connections
	serverBehind  // its loops are late
	strangeProxy  // a peer that is not trusted where a header of the PROXY protocol is due
	noProxyHeader // a proxy that sends none
	causeCount
)

var causeNames = [causeCount]string{"connections", "handshakes", "messages", "bytes", "max-connections", "behind", "untrusted-proxy", "proxy-header"}

// ByCause counts clients that were refused.
type ByCause [causeCount]uint64

// Label implements metric.Labels.
func (ByCause) Label(cause int) string { return causeNames[cause] }

// notices are the lines of the log that name clients which are refused: for each cause one in a while, which tells how many
// there were. The loops share them.
type notices struct {
	log  *slog.Logger
	each [causeCount]notice
}

type notice struct {
	next  atomic.Int64 // when there may be a line, in milliseconds
	times atomic.Int64 // since the last one
}

// noticeEvery is the least time between two lines of one cause, in milliseconds.
const noticeEvery = 10_000

// tell notes one more client, and writes a line if it is time for one.
func (n *notices) tell(why cause, client netip.AddrPort, now int64) {
	one := &n.each[why]
	one.times.Add(1)
	next := one.next.Load()
	if now < next || !one.next.CompareAndSwap(next, now+noticeEvery) {
		return
	}
	n.log.Warn("clients are refused", "cause", causeNames[why], "client", nameOf(client), "times", one.times.Swap(0))
}

// refused counts a client that is refused, and tells of it.
func (m *common) refused(why cause, client netip.AddrPort) {
	m.counters.ClientsRefused[why]++
	m.shared.notices.tell(why, client, m.now())
}

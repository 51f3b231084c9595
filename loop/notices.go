package loop

// Proved by TestNotices, TestEndsAreTold, TestCutsAreTold, TestAddressLimits and TestProxyProtocol.

import (
	"context"
	"log/slog"
	"net/netip"
	"sync/atomic"

	"halley/bayeux"
)

// cause is why a client is refused, or its connection ended.
type cause uint8

// The causes. The first five are limits of its address, in the order of limits.Kind.
const (
	manyConnections cause = iota
	manyHandshakes
	manyMessages
	manyBytes
	manyGuesses
	serverFull    // it has --max-connections
	serverBehind  // its loops are late
	strangeProxy  // a peer that is not trusted where a header of the PROXY protocol is due
	noProxyHeader // a proxy that sends none
	tooSlow       // a connection that reads nothing
	tooFarAhead   // one that sends more than may wait
	tooLate       // a request or header that does not come whole
	malformed     // a request or frame that is none
	noTLS         // a TLS handshake that fails, or takes too long
	causeCount
)

var causeNames = [causeCount]string{"connections", "handshakes", "messages", "bytes", "clientids", "max-connections", "behind", "untrusted-proxy", "proxy-header",
	"slow", "ahead", "late", "malformed", "tls"}

// ByCause counts clients that were refused.
type ByCause [causeCount]uint64

// Label implements metric.Labels.
func (ByCause) Label(cause int) string { return causeNames[cause] }

// ByEnd counts sessions by why they have ended.
type ByEnd [bayeux.EndCauses]uint64

var endNames = [bayeux.EndCauses]string{bayeux.Left: "left", bayeux.Missed: "missed", bayeux.Inactive: "inactive", bayeux.GivenUp: "given-up",
	bayeux.GrantEnded: "grant-ended", bayeux.Ordered: "ordered"}

// Label implements metric.Labels.
func (ByEnd) Label(cause int) string { return endNames[cause] }

// notices are the lines of the log that name clients which are refused, and those whose sessions end: for each cause one in a
// while, which tells how many there were. The loops share them.
type notices struct {
	log  *slog.Logger
	each [causeCount]notice
	ends [bayeux.EndCauses]notice
}

type notice struct {
	next  atomic.Int64 // when there may be a line, in milliseconds
	times atomic.Int64 // since the last one
}

// noticeEvery is the least time between two lines of one cause, in milliseconds.
const noticeEvery = 10_000

// due tells whether it is time for a line, and for how many times it stands.
func (n *notice) due(now int64) (times int64, is bool) {
	next := n.next.Load()
	if now < next || !n.next.CompareAndSwap(next, now+noticeEvery) {
		return 0, false
	}
	return n.times.Swap(0), true
}

// tell notes one more client, and writes a line if it is time for one.
func (n *notices) tell(why cause, client netip.AddrPort, now int64) {
	n.each[why].times.Add(1)
	if times, is := n.each[why].due(now); is {
		n.log.Warn("clients are refused", "cause", causeNames[why], "client", nameOf(client), "times", times)
	}
}

// refused counts a client that is refused, and tells of it.
func (m *common) refused(why cause, client netip.AddrPort) {
	m.counters.ClientsRefused[why]++
	m.shared.notices.tell(why, client, m.now())
}

// ended counts a session that ends, and tells of it: of one whose client is here or nowhere, which can be named.
func (m *common) ended(e bayeux.Ending) {
	m.counters.SessionsEnded[e.Cause]++
	n := &m.shared.notices.ends[e.Cause]
	n.times.Add(1)
	client := "away"
	if e.By != (bayeux.ReplyTo{}) {
		c := m.conns.find(e.By)
		if e.By.Place() != m.place() || c == nil {
			return
		}
		client = nameOf(m.client(c, nil).AddrPort)
	}
	if times, is := n.due(m.now()); is {
		level := slog.LevelInfo
		if e.Cause == bayeux.Left || e.Cause == bayeux.Missed { // as most do
			level = slog.LevelDebug
		}
		m.shared.cfg.Log.Log(context.Background(), level, "sessions end", "cause", endNames[e.Cause], "client", client, "session", e.Session.String(), "times", times)
	}
}

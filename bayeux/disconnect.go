// Proved by bayeux/testdata/disconnect.txt.

package bayeux

import (
	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// disconnect handles /meta/disconnect (Bayeux 1.0, 4.3 MUST disconnect-answered). A held
// connect is answered first (Bayeux 1.0, 4.3 SHOULD waiting-released): clients
// take its failure for a lost connection.
func (x *exchange) disconnect(m *message.Message) {
	s, r := x.s, x.session
	if r == nil {
		x.fail(m, s.terms.Unknown(), "")
		return
	}
	if r.outlet.holds() {
		x.answerHeld(x.now, connectReply{last: reply.AdviceNone}, x.fx)
	}
	x.ends(Left, x.req.To)
	x.remove(x.fx)
	x.beginReply(m, reply.Success)
	x.endMeta(m, reply.Ext{Dst: x.replies})
}

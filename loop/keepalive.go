package loop

import (
	"net"
	"time"
)

// A connection that rests is probed so often, and so long after one another, before it counts as dead.
const (
	probes     = 3
	probePause = 15 * time.Second
)

// keptAlive is how the kernel finds out whether the peer of a silent connection is still there (RFC 9293, 3.8.4).
func (s *Settings) keptAlive() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: s.KeepAlive, Interval: probePause, Count: probes}
}

// userTimeout is how long written bytes may stay unacknowledged: then the peer is gone. The kernel goes by it in place of the number of
// keep-alive probes, too: a connection that rests ends with the first probe that is due after so long without a sign of the peer. So it
// is longer than all probes and their pauses but the last, or a single lost packet would end such a connection. Where that is longer
// than the kernel's own patience there is none: the kernel counts the probes then.
func (s *Settings) userTimeout() time.Duration {
	if t := s.KeepAlive + probes*probePause - probePause/3; t < kernelPatience {
		return t
	}
	return 0
}

// kernelPatience is how long Linux repeats what is not acknowledged, at least, unless tcp_retries2 says otherwise.
const kernelPatience = 15 * time.Minute

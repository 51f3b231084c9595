// Proved by TestPeers.

package socket

import "golang.org/x/sys/unix"

// Peers asks the kernel of many connections at once whether their peers have closed or reset them. The zero value has none.
type Peers struct{ polls []unix.PollFd }

// Add has Ask ask of c as well.
func (p *Peers) Add(c Conn) { p.polls = append(p.polls, hangup(c)) }

// Ask asks of all, with one system call, and tells whether any has gone.
func (p *Peers) Ask() bool {
	if len(p.polls) == 0 {
		return false
	}
	n, err := unix.Poll(p.polls, 0)
	return err == nil && n > 0
}

// Gone tells whether the peer of the connection that was added as number i has gone.
func (p *Peers) Gone(i int) bool { return p.polls[i].Revents != 0 }

// Reset removes all.
func (p *Peers) Reset() { p.polls = p.polls[:0] }

// hangup asks whether the peer of c has gone.
func hangup(c Conn) unix.PollFd { return unix.PollFd{Fd: int32(c.Fd()), Events: unix.POLLRDHUP} }

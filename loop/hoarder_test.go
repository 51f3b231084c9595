package loop

import (
	"errors"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"halley/loop/socket"
)

// hoarder is a socket that holds what it is given, and splits it: a piece leaves with each look at how much has not.
type hoarder struct {
	*socket.Plain
	held  []byte
	piece int
}

func hold(p *socket.Plain) socket.Socket { return &hoarder{Plain: p} }

func (s *hoarder) Write(p []byte) error {
	s.held = append(s.held, p...)
	return nil
}

// Unsent lets a piece go, unless all had gone.
func (s *hoarder) Unsent() int {
	if len(s.held) > 0 {
		s.piece = s.piece*3%100_003 + 1
		n, err := unix.Write(s.Conn().Fd(), s.held[:min(s.piece, len(s.held))])
		if err == nil {
			s.held = s.held[n:]
		}
	}
	return len(s.held)
}

var errBroken = errors.New("broken")

// brittle is a socket that breaks in the middle of a write when its bytes are used up. Like gnet's, it is closed then
// before Write returns.
type brittle struct {
	*socket.Plain
	bytes *atomic.Int64 // negative: no write breaks it
}

func (s *brittle) Write(p []byte) error {
	left := s.bytes.Load()
	if left < 0 || left >= int64(len(p)) {
		return s.Plain.Write(p)
	}
	if s.Plain.Write(p[:left]) == nil {
		s.Conn().Close()
	}
	return errBroken
}

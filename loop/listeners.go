package loop

// Proved by TestSeveralAddresses, TestUnixSocket, TestUnixSocketAlone and TestConnectionsKnowTheirListener.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/panjf2000/gnet/v2"

	"halley/loop/listen"
)

// listeners are the sockets of a server that are not gnet's own, and what gnet is told of its.
type listeners struct {
	urls        []string
	names       []string // of all listeners, by which they go over to a successor
	adopted     []adopted
	held        []io.Closer // ports that were found, until gnet listens there
	placeholder string      // the folder of gnet's socket, if it has to have one that nobody can reach
}

// adopted is a listening socket that gnet did not open. Its connections are accepted by a goroutine, which gives each
// to a loop: gnet knows no other way in, and a unix socket in its own list would cost all others SO_REUSEPORT.
type adopted struct {
	net.Listener
	number int  // of the listener
	old    bool // it is a predecessor's, beside those of gnet at the same address
}

// openListeners opens what gnet does not, and settles the ports of the others. What is opened goes with close.
func openListeners(s *shared) (l listeners, err error) {
	mode, err := unixMode(s.cfg.UnixMode)
	if err != nil {
		return l, err
	}
	l.names = socketNames(s.listeners)
	for i, at := range s.listeners {
		if err = l.open(s, i, at, mode); err != nil {
			l.close()
			return l, fmt.Errorf("--listen %q: %w", at, err)
		}
	}
	if len(l.urls) == 0 {
		err = l.placehold(filepath.Dir(s.listeners[0].Address)) // of a unix socket
	}
	return l, err
}

// open opens the listener with that number, or has it from a predecessor.
func (l *listeners) open(s *shared, number int, at listen.Listener, mode fs.FileMode) (err error) {
	inherited := s.cfg.Predecessor.Take(l.names[number])
	switch {
	case at.Network == listen.TCP:
		var hold io.Closer
		if s.listeners[number], hold, err = at.Settled(inherited); hold != nil {
			l.held = append(l.held, hold)
		}
		l.urls = append(l.urls, s.listeners[number].URL())
		for _, socket := range inherited {
			l.adopted = append(l.adopted, adopted{socket, number, true})
		}
	case at.Network == listen.Given:
		return l.adoptGiven(number, append(inherited, s.cfg.Given[at.Address]...))
	case len(inherited) == 1:
		l.adopted = append(l.adopted, adopted{listen.Inherited(inherited[0], at.Address), number, false})
	default:
		var socket *listen.UnixSocket
		if socket, err = listen.OpenUnix(at.Address, mode, false); err == nil {
			l.adopted = append(l.adopted, adopted{socket, number, false})
		}
	}
	return err
}

// socketNames are the names by which listeners go over to a successor with the same flags.
func socketNames(list []listen.Listener) (names []string) {
	for number := range list {
		names = append(names, socketName(list, number))
	}
	return names
}

// socketName is the listener's address, and how often it came before: port 0 may come several times.
func socketName(list []listen.Listener, number int) string {
	before := 0
	for _, l := range list[:number] {
		if l.Network == list[number].Network && l.Address == list[number].Address {
			before++
		}
	}
	return fmt.Sprint("listen ", list[number], " ", before)
}

// adoptGiven adopts the sockets that were given by the name of a listener.
func (l *listeners) adoptGiven(number int, given []net.Listener) error {
	if len(given) == 0 {
		return errors.New("no socket of this name was given (LISTEN_FDNAMES)")
	}
	for _, socket := range given {
		l.adopted = append(l.adopted, adopted{socket, number, false})
	}
	return nil
}

// placehold gives gnet, which runs no loops without a listener, one that nobody can reach: in a folder of our own, which goes
// when the socket is there.
func (l *listeners) placehold(other string) (err error) {
	if l.placeholder, err = os.MkdirTemp("", "halley-"); err != nil {
		l.placeholder, err = os.MkdirTemp(other, ".halley-")
	}
	if err != nil {
		return fmt.Errorf("--listen: a folder for a socket: %w", err)
	}
	l.urls = []string{"unix://" + filepath.Join(l.placeholder, "none")}
	return nil
}

// restore makes ready for an engine that is to begin.
func (l *listeners) restore() error {
	if l.placeholder == "" {
		return nil
	}
	return os.MkdirAll(l.placeholder, 0o700)
}

// begun is called when gnet listens.
func (l *listeners) begun() {
	for _, port := range l.held {
		port.Close()
	}
	l.held = nil
	if l.placeholder != "" {
		os.RemoveAll(l.placeholder)
	}
}

// close closes what gnet did not open.
func (l *listeners) close() {
	for _, a := range l.adopted {
		a.Close()
	}
	l.begun()
}

// unixMode reads the mode of unix sockets' files.
func unixMode(text string) (fs.FileMode, error) {
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode > 0o777 || mode&0o600 != 0o600 {
		return 0, fmt.Errorf("--unix-mode %q: want three octal digits that let the owner read and write, such as 0660", text)
	}
	return fs.FileMode(mode), nil
}

// listenerNumber is the context of a connection that was adopted: which listener it came by.
type listenerNumber int

// door is a listener of gnet's as a loop knows it: by the address that its connections name, one and the same for all.
type door struct {
	address net.Addr
	number  int
}

// doors are those of a loop that connections have come by.
type doors []door

// listenerOf tells which listener a connection came by.
func (ds *doors) listenerOf(conn gnet.Conn, listeners []listen.Listener) int {
	if n, ok := conn.Context().(listenerNumber); ok {
		return int(n)
	}
	if len(listeners) == 1 {
		return 0
	}
	local := conn.LocalAddr()
	for _, d := range *ds {
		if d.address == local {
			return d.number
		}
	}
	number := listen.At(listeners, local)
	*ds = append(*ds, door{local, number})
	return number
}

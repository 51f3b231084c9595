// Proved by TestLink, TestSlowLink, TestSockets, TestNobody and TestStranger.

package handover

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// hello is what a successor says first. Another version of these messages has another one.
const hello = "halley hand-over 1\n"

// patience is how long the other side may take to say something at the beginning.
const patience = 10 * time.Second

// ErrNobody means that no server listens at the path of the control socket.
var ErrNobody = errors.New("there is no predecessor")

// Dial meets the predecessor that listens at path, and has its sockets.
func Dial(path string) (*net.UnixConn, []Socket, error) {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, unix.ECONNREFUSED):
		return nil, nil, ErrNobody
	case err != nil:
		return nil, nil, err
	}
	sockets, err := greet(conn)
	if err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("the server that runs does not hand over: %w", err)
	}
	return conn, sockets, nil
}

func greet(conn *net.UnixConn) ([]Socket, error) {
	if err := ours(conn); err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	defer conn.SetDeadline(time.Time{})
	if _, err := io.WriteString(conn, hello); err != nil {
		return nil, err
	}
	return receiveSockets(conn)
}

// Meet hears a successor out who has connected, and gives it the sockets.
func Meet(conn *net.UnixConn, sockets func() ([]Socket, error)) error {
	if err := ours(conn); err != nil {
		return err
	}
	conn.SetDeadline(time.Now().Add(patience))
	defer conn.SetDeadline(time.Time{})
	said := make([]byte, len(hello))
	if _, err := io.ReadFull(conn, said); err != nil {
		return err
	}
	if string(said) != hello {
		return fmt.Errorf("it says %q", said)
	}
	list, err := sockets()
	if err != nil {
		return err
	}
	defer CloseAll(list)
	return sendSockets(conn, list)
}

// ours refuses a peer of another user than this process's, but for root.
func ours(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var peer *unix.Ucred
	var fault error
	if err := raw.Control(func(fd uintptr) { peer, fault = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return err
	}
	if fault != nil {
		return fault
	}
	if int(peer.Uid) != os.Geteuid() && peer.Uid != 0 {
		return fmt.Errorf("it is of user %d", peer.Uid)
	}
	return nil
}

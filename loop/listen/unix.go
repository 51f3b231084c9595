package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// UnixSocket is a unix socket that is listened on. Its file goes with it, if it is still its own.
type UnixSocket struct {
	net.Listener
	path string
	file fs.FileInfo
}

// beside is what the name of a unix socket's file ends with until it is ready.
const beside = ".halley-new"

// OpenUnix listens at a path with a file of that mode. The file of a process that has died is replaced; that of one that
// lives is left alone, unless it is to be replaced: then whoever connects finds the one or the other at any moment.
func OpenUnix(path string, mode fs.FileMode, replace bool) (*UnixSocket, error) {
	if err := free(path, replace); err != nil {
		return nil, err
	}
	name := path + beside
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := closed(mode).Listen(context.Background(), Unix, name)
	if err != nil {
		return nil, err
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	u := &UnixSocket{Listener: l, path: path}
	if err := u.name(name, mode); err != nil {
		os.Remove(name)
		l.Close()
		return nil, err
	}
	return u, nil
}

// closed makes sockets whose file allows no more than mode from the first moment on: the kernel takes the mode of a
// file from its socket.
func closed(mode fs.FileMode) *net.ListenConfig {
	return &net.ListenConfig{Control: func(_, _ string, conn syscall.RawConn) (err error) {
		conn.Control(func(fd uintptr) { err = unix.Fchmod(int(fd), uint32(mode.Perm())) })
		return err
	}}
}

// name gives the file its mode, whatever the process's mask, and its name.
func (u *UnixSocket) name(from string, mode fs.FileMode) (err error) {
	if err = os.Chmod(from, mode); err != nil {
		return err
	}
	if u.file, err = os.Lstat(from); err != nil {
		return err
	}
	return os.Rename(from, u.path)
}

// patience is how long one that listens at a path may take to say so: it does at once, unless it is stuck.
const patience = time.Second

// free tells whether a socket may be made at a path.
func free(path string, replace bool) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is there, and no socket", path)
	case replace:
		return nil
	}
	conn, err := net.DialTimeout(Unix, path, patience)
	if err == nil {
		conn.Close()
		return fmt.Errorf("%s is in use by another process", path)
	}
	if errors.Is(err, unix.ECONNREFUSED) {
		return nil // nobody has it any more
	}
	return fmt.Errorf("whether %s is in use is not known: %w", path, err)
}

// Inherited is the unix socket at a path that another process has opened.
func Inherited(l net.Listener, path string) *UnixSocket {
	file, _ := os.Lstat(path)
	return &UnixSocket{Listener: l, path: path, file: file}
}

// File is a copy of the socket.
func (u *UnixSocket) File() (*os.File, error) { return u.Listener.(*net.UnixListener).File() }

// Leave has the file stay when the socket closes: another process has the socket.
func (u *UnixSocket) Leave() { u.file = nil }

// Close implements net.Listener.
func (u *UnixSocket) Close() error {
	if now, err := os.Lstat(u.path); err == nil && u.file != nil && os.SameFile(now, u.file) {
		os.Remove(u.path)
	}
	return u.Listener.Close()
}

package listen

import (
	"net"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// Shared are copies of the sockets of this process that listen on a TCP address and share its port, one of each: those of
// gnet, which tells nobody of them.
func Shared(address string) (copies []*os.File, err error) {
	want, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	numbers, err := openFiles()
	if err != nil {
		return nil, err
	}
	for _, number := range numbers {
		copied, err := unix.FcntlInt(uintptr(number), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			continue // it has closed meanwhile
		}
		file := os.NewFile(uintptr(copied), address)
		if at := sharedAt(copied); at != nil && at.Port == want.Port && sameHost(at, want) && !has(copies, file) {
			copies = append(copies, file)
		} else {
			file.Close()
		}
	}
	return copies, nil
}

// has tells whether one of some files is the same.
func has(files []*os.File, file *os.File) bool {
	info, err := file.Stat()
	return err != nil || slices.ContainsFunc(files, func(f *os.File) bool {
		other, err := f.Stat()
		return err == nil && os.SameFile(info, other)
	})
}

// Withdraw takes the listening sockets that share a port from some epoll instances: their connections wait for whoever has
// copies of them.
func Withdraw(pollers []int) error {
	numbers, err := openFiles()
	if err != nil {
		return err
	}
	for _, number := range numbers {
		if sharedAt(number) == nil {
			continue
		}
		for _, poller := range pollers {
			unix.EpollCtl(poller, unix.EPOLL_CTL_DEL, number, nil)
		}
	}
	return nil
}

func openFiles() (numbers []int, err error) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			numbers = append(numbers, n)
		}
	}
	return numbers, nil
}

// sharedAt is the address of a listening TCP socket that shares its port; nil of anything else.
func sharedAt(number int) *net.TCPAddr {
	for _, option := range []int{unix.SO_ACCEPTCONN, unix.SO_REUSEPORT} {
		if on, err := unix.GetsockoptInt(number, unix.SOL_SOCKET, option); err != nil || on == 0 {
			return nil
		}
	}
	name, err := unix.Getsockname(number)
	if err != nil {
		return nil
	}
	switch at := name.(type) {
	case *unix.SockaddrInet4:
		return &net.TCPAddr{IP: at.Addr[:], Port: at.Port}
	case *unix.SockaddrInet6:
		return &net.TCPAddr{IP: at.Addr[:], Port: at.Port}
	}
	return nil
}

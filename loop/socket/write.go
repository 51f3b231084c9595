package socket

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// writeNow writes what the kernel takes at once and returns how many bytes that
// was; errors are left to the next write, which is gnet's. A write to a socket that
// does not block takes microseconds, so the scheduler is not told: telling it costs
// more than the call's own overhead, since the runtime's monitor then looks after
// the loop's processor with every write.
func writeNow(fd int, p []byte) int {
	if fd < 0 || len(p) == 0 {
		return 0
	}
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	runtime.KeepAlive(p)
	if errno != 0 {
		return 0
	}
	return int(n)
}

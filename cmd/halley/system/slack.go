package system

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// RelaxTimers lets the kernel wake this process late by slack, so that wakes fall
// together (prctl(2), PR_SET_TIMERSLACK). It is for the sake of the Go runtime's
// monitor, a thread that wakes every 20 µs for a while whenever something begins
// to happen, and looks in vain: on a virtual machine each wake costs more than a
// message to a client.
//
// A thread hands its slack on to those that it starts, and the monitor is started
// before any code of ours. So the program starts once more in the same process,
// unless whoever started it gave it the slack (TimerSlackNSec= of a systemd unit),
// or it has been told to stop, by a signal in told. Where that cannot be, the log
// says so.
func RelaxTimers(told chan os.Signal, slack time.Duration, log *slog.Logger) error {
	runtime.LockOSThread() // what is set here is handed on from here
	defer runtime.UnlockOSThread()
	if timerSlack() >= slack {
		return nil
	}
	if err := setSlack(slack); err != nil {
		log.Warn("timers are not late, which costs some CPU time", "flag", "--timer-slack", "error", err)
		return nil
	}
	if stopped(told) {
		return nil
	}
	err := syscall.Exec(self, os.Args, os.Environ())
	return fmt.Errorf("--timer-slack: starting once more: %w; 0 asks for no slack", err)
}

// stopped tells whether the process was told to stop, so far. A signal that comes
// from here on ends it at once: the next program would not know of one that this
// one's runtime has taken and not delivered yet.
func stopped(told chan os.Signal) bool {
	var byDefault [4]uintptr // a struct sigaction of the kernel, SIG_DFL
	for _, s := range StopSignals() {
		unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s.(syscall.Signal)), uintptr(unsafe.Pointer(&byDefault)), 0, 8, 0, 0)
	}
	awaitRest()
	signal.Stop(told) // returns when what was taken has been delivered
	return len(told) > 0
}

// restTime bounds the wait for threads that always have something to do.
const restTime = 2 * time.Second

// awaitRest waits until each other thread has been seen at rest. A signal's handler may have begun on one that has had
// no processor since, for as long as others keep them busy: it runs as far as the kernel is concerned, and is not at rest
// before the handler is done.
func awaitRest() {
	threads, err := os.ReadDir(ownThreads)
	if err != nil {
		return
	}
	own, end := strconv.Itoa(unix.Gettid()), time.Now().Add(restTime)
	for _, thread := range threads {
		for thread.Name() != own && runs(thread.Name()) && time.Now().Before(end) {
			time.Sleep(100 * time.Microsecond)
		}
	}
}

// ownThreads is the folder of this process's threads.
const ownThreads = "/proc/self/task"

// runs tells whether a thread has a processor, or waits for one (proc_pid_stat(5)). Its name, which may be anything, is in
// brackets before the state.
func runs(thread string) bool {
	stat, err := os.ReadFile(filepath.Join(ownThreads, thread, "stat"))
	at := bytes.LastIndexByte(stat, ')')
	return err == nil && at >= 0 && bytes.HasPrefix(stat[at:], []byte(") R"))
}

// StopSignals are those that end a command.
func StopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// self is the program that runs, even where its file has been replaced or removed.
const self = "/proc/self/exe"

// KeepName has the process called as it was started: the kernel calls one that was
// started by the name self "exe", and pgrep finds it by no other name.
func KeepName() {
	const comm = "/proc/self/comm"
	if name, err := os.ReadFile(comm); err == nil && strings.TrimSpace(string(name)) == filepath.Base(self) {
		_ = os.WriteFile(comm, []byte(filepath.Base(os.Args[0])), 0)
	}
}

// setSlack gives this thread the slack, if the program can be started with it.
func setSlack(slack time.Duration) error {
	if _, err := os.Stat(self); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0); err != nil {
		return fmt.Errorf("prctl: %w", err)
	}
	if timerSlack() < slack {
		return errors.New("the system gives none, as to threads of a real-time priority")
	}
	return nil
}

// timerSlack is by how much timers of this thread may be late.
func timerSlack() time.Duration {
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil {
		return 0
	}
	return time.Duration(slack)
}

// IgnoreSignals lets no signal end the server but those that ask it to stop: a log
// that nobody reads any more does not (SIGPIPE), nor does a terminal that is closed
// or a supervisor that wants the configuration read again before the server is ready for
// it (SIGHUP), or a successor started (SIGUSR2). What is ignored stays so when the program starts once more.
func IgnoreSignals() { signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP, syscall.SIGUSR2) }

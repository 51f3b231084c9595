package system

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// With HALLEY_TEST_SLACK in its environment the test program relaxes its timers, as
// serve does, and prints its process and slack.
func TestRelaxTimers(t *testing.T) {
	if slack := os.Getenv("HALLEY_TEST_SLACK"); slack != "" {
		relaxAndTell(t, slack)
		return
	}
	for _, slack := range []time.Duration{0, 3 * time.Millisecond} {
		command := exec.Command("/proc/self/exe", "-test.run=^TestRelaxTimers$")
		command.Env = append(os.Environ(), "HALLEY_TEST_SLACK="+slack.String())
		var out strings.Builder
		command.Stdout = &out
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		if err := command.Wait(); err != nil {
			t.Fatal(err, out.String())
		}
		want := fmt.Sprintf("told by %d: %v\n", command.Process.Pid, max(slack, timerSlack()))
		if got := out.String(); strings.Count(got, "told by") != 1 || !strings.Contains(got, want) {
			t.Errorf("with %v it said %q, want %q", slack, got, want)
		}
	}
}

func relaxAndTell(t *testing.T, slack string) {
	wanted, err := time.ParseDuration(slack)
	if err != nil {
		t.Fatal(err)
	}
	if err := RelaxTimers(make(chan os.Signal, 1), wanted, slog.Default()); err != nil {
		t.Fatal(err)
	}
	fmt.Println("told by " + strconv.Itoa(os.Getpid()) + ": " + timerSlack().String())
}

// A thread that is at work is known from one that waits, whether or not it has a processor.
func TestThreadsAtRest(t *testing.T) {
	thread, stop, stopped := make(chan string), new(atomic.Bool), make(chan struct{})
	go func() {
		defer close(stopped)
		runtime.LockOSThread() // and so the thread ends with the goroutine
		thread <- strconv.Itoa(unix.Gettid())
		for !stop.Load() {
		}
	}()
	busy := <-thread
	for !runs(busy) { // but for when the world is stopped
		time.Sleep(time.Millisecond)
	}
	stop.Store(true)
	<-stopped
	for runs(busy) { // until the kernel has heard of its end
		time.Sleep(time.Millisecond)
	}
	if runs("none") {
		t.Error("there is no such thread")
	}
	awaitRest()
}

// A signal that came before is known, whether or not the rest of the program has
// heard of it yet.
func TestStopBeforeStartingOnceMore(t *testing.T) {
	c := exec.Command("/proc/self/exe", "-test.run=^TestToldToStop$", "-test.v")
	c.Env = append(os.Environ(), "HALLEY_TEST_TOLD=1")
	if out, err := c.CombinedOutput(); err != nil || strings.Count(string(out), "=== RUN") != 1 || !strings.Contains(string(out), "goes on") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestToldToStop runs in a process of its own, for TestStopBeforeStartingOnceMore.
func TestToldToStop(t *testing.T) {
	if os.Getenv("HALLEY_TEST_TOLD") == "" {
		t.Skip("another test's")
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, StopSignals()...)
	syscall.Kill(os.Getpid(), syscall.SIGTERM)
	for len(told) == 0 {
		runtime.Gosched()
	}
	if err := RelaxTimers(told, 7_654_321*time.Nanosecond, slog.Default()); err != nil {
		t.Fatal(err)
	}
	t.Log("it goes on as it is")
}

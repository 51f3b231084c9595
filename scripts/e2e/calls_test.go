//go:build e2e

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// delivering are the system calls that a delivery could be made of. Those of the start, of connections that come, and of the
// runtime's own clocks are not among them.
var delivering = map[string]bool{
	"read": true, "readv": true, "recvfrom": true, "recvmsg": true, "write": true, "writev": true, "sendto": true, "sendmsg": true, "ioctl": true,
	"epoll_wait": true, "epoll_pwait": true, "epoll_ctl": true, "poll": true, "ppoll": true, "futex": true,
}

// A delivery takes the calls that it has to, and hardly more: a poll one to read it and one to answer it, a stream one to write.
// Waiting, waking and looking for dead peers are shared by many. strace counts them all, which slows the server down and changes no
// bound: the longer each call takes, the more there is to do between two waits.
func TestCallsOfADelivery(t *testing.T) {
	trace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip(err)
	}
	bench := filepath.Join(t.TempDir(), "halley-bench")
	if out, err := exec.Command("go", "build", "-o", bench, "halley/cmd/halley-bench").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for kind, most := range map[string]float64{"long-polling": 2.6, "websocket": 1.5, "eventsource": 1.5} {
		t.Run(kind, func(t *testing.T) {
			const deliveries = 200 * 100
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			file := filepath.Join(t.TempDir(), "calls")
			s := &mortal{listen: freeAddress(t), internal: freeAddress(t)}
			s.command = exec.Command(trace, "-f", "-c", "-o", file, binary(t), "serve", "--listen="+s.listen, "--internal="+s.internal,
				"--loops=1", "--log-level=warn", "--timer-slack=0s")
			s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			s.command.Stderr = &s.log
			if err := s.command.Start(); err != nil {
				t.Fatal(err)
			}
			defer syscall.Kill(-s.command.Process.Pid, syscall.SIGKILL)
			eventually(t, ctx, "the server to be ready", func() bool {
				_, err := s.get(ctx, "/metrics")
				return err == nil
			})
			out, err := exec.CommandContext(ctx, bench, "fanout", "--quiet", "--force", "--subscribers", "200", "--messages", "100", "--rate", "25",
				"--connection-type", kind, "--url", "http://"+s.listen+"/bayeux").CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			syscall.Kill(-s.command.Process.Pid, syscall.SIGTERM)
			if err := s.command.Wait(); err != nil {
				t.Fatalf("%v\n%s", err, s.log.String())
			}
			calls, table := delivered(t, file)
			if n := float64(calls) / deliveries; n > most {
				t.Errorf("%.2f calls for a delivery, at most %.2f\n%s", n, most, table)
			} else {
				t.Logf("%.2f calls for a delivery", n)
			}
		})
	}
}

// delivered adds up the calls of a summary of strace's, whose lines end with the number of calls, perhaps that of those that failed, and
// the name of the call.
func delivered(t *testing.T, file string) (calls int, table string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 5 || !delivering[fields[len(fields)-1]] {
			continue
		}
		n, err := strconv.Atoi(fields[3])
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		calls += n
	}
	if calls == 0 {
		t.Fatalf("no calls in %q", text)
	}
	return calls, string(text)
}

package handover

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"halley/bayeux/history"
)

// deadline bounds every wait of these tests.
const deadline = time.Minute

// control listens at a control socket.
func control(t *testing.T) (*net.UnixListener, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "control")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, path
}

// pair is both ends of a link, of which the sockets have gone over.
func pair(t *testing.T, sockets func() ([]Socket, error)) (predecessor, successor *net.UnixConn, got []Socket) {
	t.Helper()
	l, path := control(t)
	met := make(chan error, 1)
	go func() {
		var err error
		if predecessor, err = l.AcceptUnix(); err == nil {
			err = Meet(predecessor, sockets)
		}
		met <- err
	}()
	successor, got, err := Dial(path)
	if err := errors.Join(err, <-met); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { predecessor.Close(); successor.Close() })
	return predecessor, successor, got
}

// Sockets go over by name, as many as there are, and work: nothing of them blocks.
func TestSockets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const many = 2*atOnce + 5
	_, _, got := pair(t, func() (list []Socket, err error) {
		for i := range many {
			file, err := l.(*net.TCPListener).File()
			if err != nil {
				return list, err
			}
			list = append(list, Socket{fmt.Sprint("s", i), file})
		}
		return list, nil
	})
	if len(got) != many || got[0].Name != "s0" || got[many-1].Name != fmt.Sprint("s", many-1) {
		t.Fatalf("%d sockets", len(got))
	}
	for _, s := range got {
		number, err := numberOf(s.File)
		if err != nil {
			t.Fatal(err)
		}
		if flags, err := unix.FcntlInt(uintptr(number), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
			t.Errorf("%s: flags %x, %v", s.Name, flags, err)
		}
		if flags, err := unix.FcntlInt(uintptr(number), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("%s: flags %x, %v", s.Name, flags, err)
		}
	}
	other, err := net.FileListener(got[7].File)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	l.Close()
	CloseAll(got)
	go func() {
		if conn, err := other.Accept(); err == nil {
			io.WriteString(conn, "here")
			conn.Close()
		}
	}()
	conn, err := net.Dial("tcp", other.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(deadline))
	if said, err := io.ReadAll(conn); string(said) != "here" {
		t.Errorf("%q, %v", said, err)
	}
}

// Messages of all kinds come as they were sent, in order, both ways.
func TestLink(t *testing.T) {
	a, b, _ := pair(t, func() ([]Socket, error) { return nil, nil })
	messages := []Message{
		{Kind: Freeze}, {Kind: Past, Past: &history.Image{Last: 5, Floors: []history.Floor{{Channel: "/a", ID: 3}}, Entries: []history.Entry{{ID: 4, At: 2, Channel: "/a", Event: "e"}}}},
		{Kind: Frozen, Number: 1 << 60}, {Kind: Publish, Events: []string{"x", ""}},
		{Kind: Order, Number: 3, Together: true, Events: []string{"y"}}, {Kind: Stored, Number: 3, Failure: "full"}, {Kind: Event, Entry: history.Entry{ID: 9, Event: "z"}},
	}
	const rounds = 200
	ended := make(chan string, 2)
	for _, conn := range []*net.UnixConn{a, b} {
		link, n := NewLink(conn, 1<<20), 0
		go func() {
			err := link.Run(func(m Message) {
				if got, want := fmt.Sprintf("%+v", plain(m)), fmt.Sprintf("%+v", plain(messages[n%len(messages)])); got != want {
					ended <- fmt.Sprintf("message %d: %s, want %s", n, got, want)
					link.Close()
				}
				if n++; n == rounds*len(messages) {
					ended <- ""
				}
			})
			if link.Send(Message{}) {
				ended <- "sent though the link had ended"
			}
			_ = err
		}()
		for range rounds {
			for _, m := range messages {
				link.Send(m)
			}
		}
	}
	for range 2 {
		select {
		case fault := <-ended:
			if fault != "" {
				t.Fatal(fault)
			}
		case <-time.After(deadline):
			t.Fatal("they do not come")
		}
	}
}

// plain is a message without pointers, and with nil for what is empty.
func plain(m Message) string {
	past := history.Image{}
	if m.Past != nil {
		past = *m.Past
	}
	m.Past = nil
	return fmt.Sprintf("%+v %+v", m, past)
}

// Who does not read ends the link, not the memory.
func TestSlowLink(t *testing.T) {
	a, _, _ := pair(t, func() ([]Socket, error) { return nil, nil })
	link := NewLink(a, 1<<16)
	ended := make(chan error, 1)
	go func() { ended <- link.Run(func(Message) {}) }()
	for i := 0; link.Send(Message{Kind: Publish, Events: []string{string(make([]byte, 1000))}}); i++ {
		if i > 1e6 {
			t.Fatal("it takes all")
		}
	}
	select {
	case err := <-ended:
		if !errors.Is(err, ErrSlow) {
			t.Error(err)
		}
	case <-time.After(deadline):
		t.Fatal("it does not end")
	}
}

// Where nobody listens there is no predecessor; one that says something else is none either, and is told from it.
func TestNobody(t *testing.T) {
	l, path := control(t)
	if _, _, err := Dial(path + "2"); !errors.Is(err, ErrNobody) {
		t.Error(err)
	}
	go func() {
		for {
			conn, err := l.AcceptUnix()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	if _, _, err := Dial(path); err == nil || errors.Is(err, ErrNobody) {
		t.Errorf("of one that closes: %v", err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Dial(path); !errors.Is(err, ErrNobody) {
		t.Errorf("of one that has died: %v", err)
	}
}

// A stranger who connects gets no sockets.
func TestStranger(t *testing.T) {
	l, path := control(t)
	met := make(chan error, 1)
	go func() {
		conn, err := l.AcceptUnix()
		if err == nil {
			err = Meet(conn, func() ([]Socket, error) { t.Error("asked for sockets"); return nil, nil })
			conn.Close()
		}
		met <- err
	}()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if err := <-met; err == nil {
		t.Error("it was met")
	}
}

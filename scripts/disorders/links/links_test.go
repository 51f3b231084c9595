package links

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo is a server that sends back what it gets, and link one to it.
func echo(t *testing.T) *Link {
	t.Helper()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	link, err := Open("127.0.0.1:0", server.Addr().String(), "127.0.0.9")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	return link
}

func dial(t *testing.T, l *Link) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", l.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, bufio.NewReader(c)
}

// says sends a line and tells whether it comes back.
func says(t *testing.T, c net.Conn, in *bufio.Reader, line string) {
	t.Helper()
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := in.ReadString('\n'); got != line+"\n" {
		t.Fatalf("%q %v", got, err)
	}
}

func TestForwarding(t *testing.T) {
	link := echo(t)
	for range 3 {
		c, in := dial(t, link)
		says(t, c, in, "one")
		says(t, c, in, "two")
	}
}

// A broken link ends its connections and takes no others; a healed one takes them again.
func TestBrokenLink(t *testing.T) {
	link := echo(t)
	c, in := dial(t, link)
	says(t, c, in, "before")
	link.Set(Broken)
	if _, err := in.ReadByte(); err == nil {
		t.Error("the connection lives")
	}
	if _, in := dial(t, link); in != nil {
		if _, err := in.ReadByte(); err == nil {
			t.Error("a new connection lives")
		}
	}
	link.Set(Whole)
	c, in = dial(t, link)
	says(t, c, in, "after")
}

// A silent link tells nobody, and brings what was sent meanwhile when it is whole again, by old connections and new.
func TestSilentLink(t *testing.T) {
	link := echo(t)
	c, in := dial(t, link)
	says(t, c, in, "before")
	link.Set(Silent)
	other, otherIn := dial(t, link)
	for _, to := range []net.Conn{c, other} {
		if _, err := io.WriteString(to, "meanwhile\n"); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if b, err := in.ReadByte(); err == nil {
		t.Errorf("%q passes", b)
	}
	_ = c.SetReadDeadline(time.Time{})
	link.Set(Whole)
	for _, reader := range []*bufio.Reader{in, otherIn} {
		if got, err := reader.ReadString('\n'); got != "meanwhile\n" {
			t.Errorf("%q %v", got, err)
		}
	}
}

// A silent link can be closed, and one without a target ends its connections.
func TestEnds(t *testing.T) {
	link := echo(t)
	c, in := dial(t, link)
	says(t, c, in, "before")
	link.Set(Silent)
	_, _ = io.WriteString(c, "never\n")
	link.Close()
	nowhere, err := Open("127.0.0.1:0", "127.0.0.1:1", "")
	if err != nil {
		t.Fatal(err)
	}
	defer nowhere.Close()
	_, in = dial(t, nowhere)
	if _, err := in.ReadByte(); err == nil {
		t.Error("somebody answers")
	}
	if _, err := Open("nowhere", "", ""); err == nil {
		t.Error("it listens nowhere")
	}
}

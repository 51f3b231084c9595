package socket

import (
	"bytes"
	"crypto/tls"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// versions are those that connections may have.
var versions = map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}

// opened is a rig whose handshake is over, with the client above it.
func opened(t testing.TB, version uint16) (*rig, *tls.Conn, *Handshakes) {
	t.Helper()
	server, client := certified(t, pkix.Name{})
	server.MaxVersion = version
	places := NewHandshakes(server, 1, 1<<20)
	r := tlsRig(places, NewScratch())
	c := tls.Client(r, client)
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	r.until(t, func() bool { return !r.socket.(*TLS).Shaking() })
	return r, c, places
}

// An encrypted socket sees and counts its input as a plain one does, in whatever pieces its records come, and however much
// of it is dropped when; and its client gets what was written, in order.
func TestTLSAgainstPlain(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			outer := t
			rapid.Check(t, func(t *rapid.T) {
				r, client, _ := opened(outer, version)
				twin := plainRig()
				r.split = func(n int) int { return rapid.IntRange(1, n).Draw(t, "piece") }
				fill := byte(0)
				block := func(most int) []byte {
					p := make([]byte, rapid.IntRange(1, most).Draw(t, "n"))
					for i := range p {
						p[i] = fill
						fill++
					}
					return p
				}
				other := tlsRig(r.socket.(*TLS).places, r.socket.(*TLS).wire.scratch)
				t.Repeat(map[string]func(*rapid.T){
					"client writes": func(*rapid.T) {
						p := block(40_000)
						client.Write(p)
						twin.Write(p)
					},
					"drop": func(t *rapid.T) {
						n := rapid.IntRange(0, twin.socket.Buffered()).Draw(t, "drop")
						r.loop(func() { r.socket.Discard(n) })
						twin.socket.Discard(n)
					},
					"drop all": func(t *rapid.T) {
						r.loop(func() { r.socket.Discard(-1) })
						twin.socket.Discard(-1)
					},
					"server writes": func(t *rapid.T) {
						p := block(40_000)
						r.loop(func() { r.socket.Write(p) })
						got := make([]byte, len(p))
						if _, err := io.ReadFull(client, got); err != nil || !bytes.Equal(got, p) {
							t.Fatalf("the client gets something else: %v", err)
						}
					},
					"another takes the scratch": func(*rapid.T) {
						p := other.socket.(*TLS).room(100)
						for i := range p[:cap(p)] {
							p[:cap(p)][i] = '!'
						}
					},
					"trim": func(*rapid.T) { r.socket.(*TLS).wire.scratch.Trim() },
					"": func(t *rapid.T) {
						if r.err != nil {
							t.Fatal(r.err)
						}
						got, want := r.socket.Peek(-1), twin.socket.Peek(-1)
						if !bytes.Equal(got, want) || r.socket.Buffered() != len(want) {
							t.Fatalf("%d bytes of input, want %d, or others", len(got), len(want))
						}
						if len(want) > 0 && !bytes.Equal(r.socket.Peek(1), want[:1]) || r.socket.Peek(len(want)+1) != nil {
							t.Fatal("Peek")
						}
						if held := r.socket.Held(); held < len(want) {
							t.Fatalf("%d bytes held of %d", held, len(want))
						}
					},
				})
			})
		})
	}
}

// Bytes have left with the whole of their piece, to the byte.
func TestTLSUnsent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, client, _ := opened(outerOf(t), tls.VersionTLS13)
		s := r.socket.(*TLS)
		defer r.loop(func() { r.gnet.close() })
		r.mu.Lock()
		r.gnet.blocked = true
		var ends, sizes []int
		written := 0
		for _, n := range rapid.SliceOfN(rapid.IntRange(1, 40_000), 1, 5).Draw(t, "sizes") {
			s.Write(make([]byte, n))
			if written += n; n <= pieceMost {
				ends, sizes = append(ends, len(r.gnet.out)), append(sizes, written)
			}
			if s.Unsent() != written {
				t.Fatalf("%d unsent of %d", s.Unsent(), written)
			}
		}
		all := len(r.gnet.out)
		for i, end := range ends {
			gone := all - len(r.gnet.out)
			r.gnet.leave(end - 1 - gone)
			before := s.Unsent()
			r.gnet.leave(1)
			if after := s.Unsent(); after != written-sizes[i] || before <= after {
				t.Fatalf("%d unsent before the last byte of a write, %d after, want %d", before, after, written-sizes[i])
			}
		}
		r.gnet.leave(len(r.gnet.out))
		if s.Unsent() != 0 || s.late != nil {
			t.Fatalf("%d unsent", s.Unsent())
		}
		r.mu.Unlock()
		if _, err := io.ReadFull(client, make([]byte, written)); err != nil {
			t.Fatal(err)
		}
	})
}

// outerOf lets helpers of testing.TB be used in a property.
func outerOf(t *rapid.T) testing.TB { return inner{t: t} }

type inner struct {
	testing.TB
	t *rapid.T
}

func (i inner) Helper()           { i.t.Helper() }
func (i inner) Fatal(args ...any) { i.t.Fatal(args...) }

// The client is told of the end, before it, even if the kernel takes no more at that moment.
func TestTLSGoodbye(t *testing.T) {
	for name, version := range versions {
		for _, blocked := range []bool{false, true} {
			t.Run(fmt.Sprint(name, blocked), func(t *testing.T) {
				r, client, places := opened(t, version)
				r.loop(func() {
					r.gnet.blocked = blocked
					if r.socket.Shut() == blocked {
						t.Errorf("Shut says %v", !blocked)
					}
					if (r.socket.Unsent() > 0) != blocked {
						t.Errorf("%d bytes are unsent", r.socket.Unsent())
					}
					r.gnet.leave(len(r.gnet.out))
					if !r.socket.Shut() {
						t.Error("Shut again is not the end")
					}
				})
				if n, err := client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
					t.Errorf("the client reads %d bytes: %v", n, err)
				}
				r.loop(func() { r.gnet.close() })
				if f := places.Figures(); f.Open != 0 || f.Done != 1 {
					t.Errorf("%+v", f)
				}
			})
		}
	}
}

// What came before a client's goodbye is input like any other, and the goodbye is answered.
func TestTLSGoodbyeOfClient(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			r, client, _ := opened(t, version)
			last := ""
			r.seen = func() { last += string(r.socket.Peek(-1)); r.socket.Discard(-1) }
			client.Write([]byte("last words"))
			client.CloseWrite()
			if last != "last words" || r.err != io.EOF {
				t.Errorf("%q, then %v", last, r.err)
			}
			if n, err := client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("the answer: %d %v", n, err)
			}
		})
	}
}

// A connection that is idle keeps no buffer, however large its last record was: this version of crypto/tls has the fields
// that they are found by.
func TestIdleTLSKeepsNoBuffers(t *testing.T) {
	if !NewScratch().lent.fields.known {
		t.Fatal("crypto/tls has other fields: its buffers are not given back")
	}
	r, client, _ := opened(t, tls.VersionTLS13)
	s := r.socket.(*TLS)
	look := func(when string) {
		conn := reflect.ValueOf(s.conn).Elem()
		for _, name := range []string{"rawInput", "hand"} {
			if n := conn.FieldByName(name).FieldByName("buf").Cap(); n != 0 {
				t.Errorf("%s %s has %d bytes", when, name, n)
			}
		}
		if n := conn.FieldByName("input").FieldByName("s").Len(); n != 0 {
			t.Errorf("%s input has %d bytes", when, n)
		}
	}
	look("after the handshake")
	client.Write(make([]byte, 3*pieceMost))
	r.loop(func() {
		look("after large records")
		if r.socket.Discard(-1); s.in != nil || s.wire.scratch.owner != nil || r.socket.Held() != 0 {
			t.Error("input that was dropped is kept")
		}
	})
	buffer := s.wire.scratch.lent.buffer.Cap()
	client.Write(make([]byte, 100))
	if now := s.wire.scratch.lent.buffer.Cap(); now != buffer || now < lentBytes {
		t.Errorf("the buffer that is lent has %d bytes, then %d", buffer, now)
	}
}

// Where crypto/tls has other fields nothing is lent.
func TestOtherFields(t *testing.T) {
	buffer, reader := reflect.TypeFor[bytes.Buffer](), reflect.TypeFor[bytes.Reader]()
	for _, c := range []struct {
		known bool
		types []reflect.Type
	}{{true, []reflect.Type{buffer, buffer, reader}}, {false, []reflect.Type{buffer, buffer}}, {false, []reflect.Type{buffer, buffer, buffer}}} {
		var all []reflect.StructField
		for i, of := range c.types {
			all = append(all, reflect.StructField{Name: []string{"rawInput", "hand", "input"}[i], PkgPath: "crypto/tls", Type: of})
		}
		if conn := reflect.StructOf(all); fieldsOf(conn).known != c.known {
			t.Errorf("known %v: %v", !c.known, conn)
		}
	}
	r, client, _ := opened(t, tls.VersionTLS13)
	r.socket.(*TLS).wire.scratch.lent.fields = fields{}
	client.Write([]byte("abc"))
	if got := string(r.socket.Peek(-1)); got != "abc" {
		t.Errorf("%q", got)
	}
}

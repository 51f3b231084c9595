package loop

import (
	"testing"
	"unsafe"

	"github.com/panjf2000/gnet/v2"
	"pgregory.net/rapid"

	"halley/bayeux"
	"halley/loop/socket"
)

// modelSocket stands for gnet's connection.
type modelSocket struct{ gnet.Conn }

// modelPlace is the loop of the model's connections.
var modelPlace = bayeux.Place{Node: 1, Loop: 3}

// There are as many records as clients.
func TestConnSize(t *testing.T) {
	if size := unsafe.Sizeof(conn{}); size != 80 {
		t.Errorf("a connection's record has %d bytes", size)
	}
}

// A ReplyTo finds the connection of its request while that waits for its reply,
// and never another one: not after the reply, not after the connection has
// closed and another has its slot. Records do not move.
func TestConnsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s conns
		open := make(map[*conn]socket.Plain)
		waiting := make(map[bayeux.ReplyTo]*conn)
		var stale []bayeux.ReplyTo
		pick := func(t *rapid.T) *conn {
			var all []*conn
			s.Each(func(_ uint32, c *conn) bool {
				all = append(all, c)
				return true
			})
			if len(all) == 0 {
				t.Skip("none is open")
			}
			return rapid.SampledFrom(all).Draw(t, "conn")
		}
		end := func(c *conn) {
			if to := c.replyTo(modelPlace); waiting[to] != nil {
				delete(waiting, to)
				stale = append(stale, to)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"open": func(t *rapid.T) {
				for range rapid.SampledFrom([]int{1, 1, 300}).Draw(t, "n") {
					plain := socket.Over(new(modelSocket))
					c := s.take(plain)
					if _, used := open[c]; used || c.phase != reading || c.serial != 1 || c.replyTo(bayeux.Place{}) == (bayeux.ReplyTo{}) {
						t.Fatal("the record is in use")
					}
					open[c] = plain
				}
			},
			"request": func(t *rapid.T) {
				c := pick(t)
				if c.phase == reading {
					c.phase = rapid.SampledFrom([]phase{answering, holding}).Draw(t, "phase")
					waiting[c.replyTo(modelPlace)] = c
				}
			},
			"reply": func(t *rapid.T) {
				c := pick(t)
				end(c)
				c.serial++
				c.phase = reading
			},
			"close": func(t *rapid.T) {
				c := pick(t)
				end(c)
				delete(open, c)
				s.Release(c.slot)
			},
			"trim": func(*rapid.T) { s.Trim() },
			"": func(t *rapid.T) {
				for to, c := range waiting {
					if s.find(to) != c {
						t.Fatalf("%v is not found", to)
					}
				}
				for _, to := range stale {
					if s.find(to) != nil {
						t.Fatalf("%v is found after its end", to)
					}
				}
				for c, plain := range open {
					if c.plain != plain || c.socket != &c.plain || s.At(c.slot) != c {
						t.Fatal("the record moved")
					}
				}
				if s.Len() != len(open) {
					t.Fatalf("%d connections, want %d", s.Len(), len(open))
				}
				if s.find(bayeux.ReplyTo{Conn: 1 << 20}) != nil {
					t.Fatal("found beyond the end")
				}
			},
		})
	})
}

// Proved by TestAddressFloods, TestManyConnections and TestSlowHeads.

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// from opens a connection of a further address of this host.
func (s *server) from(ctx context.Context, address string) (net.Conn, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return dialer.DialContext(ctx, "tcp", s.public)
}

// dropped closes a connection so that neither end keeps its port for a while.
func dropped(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// request is a POST of a batch.
func (s *server) request(batch string) string {
	return fmt.Sprintf("POST /bayeux HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", s.public, len(batch), batch)
}

const handshakeBatch = `[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]`

const (
	// floodTime is how long the answers to a flood are read.
	floodTime = 2 * time.Second
	// refusalTime is how long the server may take until it has refused what is too much.
	refusalTime = time.Minute
)

// addressFloods does too much of everything from a few addresses, and keeps all its connections until the server has refused some
// of it: a connection that is reset at once takes unread requests with it. The neighbours come from a trusted proxy's address.
func addressFloods() adversary {
	return adversary{
		name: "address-floods", what: "4 addresses that open 100 connections each, and send handshakes, requests and frames as fast as they can",
		flags: []string{"--trusted-proxy", "127.0.0.1", "--address-connections", "40", "--handshake-rate", "5", "--message-rate", "200", "--byte-rate", "64KiB"},
		attack: func(ctx context.Context, s *server) error {
			return atOnce(4, func(n int) error {
				address := fmt.Sprintf("127.0.0.%d", 2+n)
				var conns []net.Conn
				defer func() {
					for _, conn := range conns {
						dropped(conn)
					}
				}()
				for range 100 {
					conn, err := s.from(ctx, address)
					if err != nil {
						return err
					}
					conns = append(conns, conn)
				}
				var answers sync.WaitGroup
				for _, conn := range conns[:20] {
					burst := strings.Repeat(s.request(handshakeBatch), 20) + strings.Repeat("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 20) + s.request(padding(60_000))
					conn.SetDeadline(time.Now().Add(floodTime))
					answers.Go(func() { io.Copy(io.Discard, conn) })
					io.WriteString(conn, burst)
				}
				answers.Wait()
				return s.until(ctx, refusalTime, func(now figures) bool { return len(floodsRefused(now)) == 0 })
			})
		},
		judge: floodsRefused,
	}
}

// floodsRefused tells of what nobody was refused for.
func floodsRefused(last figures) (faults []string) {
	for _, cause := range []string{"connections", "handshakes"} {
		if last[fmt.Sprintf("halley_clients_refused_total{cause=%q}", cause)] == 0 {
			faults = append(faults, "nobody was refused for too many "+cause)
		}
	}
	if last[`halley_clients_refused_total{cause="messages"}`]+last[`halley_clients_refused_total{cause="bytes"}`] == 0 {
		faults = append(faults, "nobody was refused for too many messages or bytes")
	}
	return faults
}

// manyConnections opens more connections than the server lets in, and keeps them for a while.
func manyConnections(kept time.Duration) adversary {
	return adversary{
		name: "many-connections", what: "opens connections until none is let in, and keeps them for a while",
		attack: func(ctx context.Context, s *server) error {
			const most = 3000
			var conns []net.Conn
			defer func() {
				for _, conn := range conns {
					dropped(conn)
				}
			}()
			for len(conns) < most && ctx.Err() == nil {
				conn, err := s.from(ctx, "127.0.0.9")
				if err != nil {
					return err
				}
				conns = append(conns, conn)
			}
			pause(ctx, kept)
			return nil
		},
	}
}

// slowHeads sends requests a byte at a time, and never ends them.
func slowHeads() adversary {
	return adversary{
		name: "slow-heads", what: "500 connections that send a byte of a request now and then",
		flags: []string{"--header-timeout", "2s", "--body-timeout", "2s"},
		attack: func(ctx context.Context, s *server) error {
			texts := []string{"GET / HTTP/1.1\r\nHost: h\r\nX: " + padding(1000), "POST /bayeux HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n" + padding(1000)}
			return atOnce(500, func(n int) error {
				conn, err := s.from(ctx, "127.0.0.10")
				if err != nil {
					return err
				}
				defer dropped(conn)
				text := texts[n%2]
				for i := 0; i < len(text) && ctx.Err() == nil; i++ {
					if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
						break // cut off, as it should be
					}
					if pause(ctx, 20*time.Millisecond); i > 300 {
						break
					}
				}
				return nil
			})
		},
	}
}

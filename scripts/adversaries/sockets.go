// Proved by TestFrame, TestFramesElsewhere and TestNeverReads.

package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// frame is a masked text frame; the mask is zero.
func frame(text string) string {
	head := []byte{0x81}
	switch n := len(text); {
	case n < 126:
		head = append(head, 0x80|byte(n))
	case n < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 0x80|126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 0x80|127), uint64(n))
	}
	return string(append(head, 0, 0, 0, 0)) + text
}

// upgradeHead asks for a websocket.
func upgradeHead(host string) string {
	return "GET /bayeux HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
}

// websocket opens one.
func (s *server) websocket(ctx context.Context) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.public)
	if err != nil {
		return nil, err
	}
	io.WriteString(conn, upgradeHead(s.public))
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil && response.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("status %d", response.StatusCode)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// framesElsewhere sends two megabytes of frames for a session that lives wherever, and leaves at once.
func framesElsewhere() adversary {
	return adversary{
		name: "frames-elsewhere", what: "40 websockets that send 2 MB of frames for another connection's session and leave",
		attack: func(ctx context.Context, s *server) error {
			id, err := s.session(ctx, "", "")
			if err != nil || id == "" {
				return err
			}
			patterns := "[" + strings.TrimSuffix(strings.Repeat(`"/a",`, 10_000), ",") + "]"
			burst := strings.Repeat(frame(subscribe(id, patterns, "")), 40)
			return atOnce(10, func(int) error {
				for range 4 {
					conn, err := s.websocket(ctx)
					if err != nil {
						return err
					}
					done := make(chan struct{})
					stop := context.AfterFunc(ctx, func() { conn.Close() })
					go func() { defer close(done); io.Copy(io.Discard, conn) }()
					io.WriteString(conn, burst) // fails when the server cuts it off
					stop()
					conn.Close()
					<-done
				}
				return nil
			})
		},
	}
}

// neverReads asks for long replies on many connections and reads none of them.
func neverReads() adversary {
	return adversary{
		name: "never-reads", what: "200 connections that ask for megabytes and read nothing",
		flags: []string{"--rule", "/kept/** history=100"},
		attack: func(ctx context.Context, s *server) error {
			for i := range 60 {
				if _, err := s.publish(ctx, event(fmt.Sprintf("/kept/%d", i%2), padding(60_000))); err != nil {
					return err
				}
			}
			conns := make([]net.Conn, 200)
			defer func() {
				for _, conn := range conns {
					if conn != nil {
						conn.Close()
					}
				}
			}()
			err := atOnce(20, func(n int) error {
				for i := n; i < len(conns); i += 20 {
					conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.public)
					if err != nil {
						return err
					}
					conns[i] = conn
					conn.(*net.TCPConn).SetReadBuffer(4096)
					fmt.Fprintf(conn, "GET /events?channel=/kept/*&lastEventId=-2 HTTP/1.1\r\nHost: %s\r\n\r\n", s.public)
				}
				return nil
			})
			if err != nil {
				return err
			}
			for i := range 200 {
				if _, err := s.publish(ctx, event(fmt.Sprintf("/kept/%d", i%2), padding(60_000))); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

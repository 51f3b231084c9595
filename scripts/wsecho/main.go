// Command wsecho sends every websocket message back, for conformance suites. It
// reads and writes frames with the code of the server's event loops, over plain
// sockets.
//
//	go run ./scripts/wsecho [ADDRESS]
//
// The default address is 127.0.0.1:9001.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"halley/httpparse"
	"halley/httpparse/websocket"
)

func main() {
	address := "127.0.0.1:9001"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, "wsecho:", err)
		os.Exit(1)
	}
	fmt.Println("listening on", l.Addr())
	serve(l)
}

// serve answers connections until l is closed.
func serve(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			if err := echo(conn); err != nil && !errors.Is(err, io.EOF) {
				fmt.Fprintln(os.Stderr, "wsecho:", err)
			}
		}()
	}
}

// limits are large enough for any suite.
var limits = websocket.Limits{MaxMessage: 32 << 20, MaxFragments: 1 << 20, Binary: true}

// echo is one connection: its handshake, then its messages.
func echo(conn net.Conn) error {
	in, err := upgrade(conn)
	if err != nil {
		return err
	}
	var assembler websocket.Assembler
	buf := make([]byte, 64<<10)
	for {
		for len(in) > 0 {
			m, n, err := assembler.Next(&limits, in)
			if err != nil {
				return end(conn, err.(websocket.Error).Kind.Code())
			}
			in = in[n:]
			switch m.Opcode {
			case websocket.OpText, websocket.OpBinary:
				_, err = conn.Write(websocket.AppendFrame(nil, m.Opcode, m.Payload))
			case websocket.OpPing:
				_, err = conn.Write(websocket.AppendFrame(nil, websocket.OpPong, m.Payload))
			case websocket.OpClose:
				return end(conn, m.Code)
			}
			if err != nil {
				return err
			}
		}
		n, err := conn.Read(buf)
		if err != nil {
			return err
		}
		in = buf[:n]
	}
}

// end sends a close frame, then reads on to the client's end: closing with input
// unread would reset the connection and take the frame back.
func end(conn net.Conn, code websocket.Code) error {
	if _, err := conn.Write(websocket.AppendClose(nil, code, "")); err != nil {
		return err
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, conn)
	return err
}

// upgrade reads the handshake and answers it. What came behind it is returned.
func upgrade(conn net.Conn) (rest []byte, err error) {
	heads := httpparse.Limits{MaxTarget: 8 << 10, MaxHeader: 16 << 10, MaxHeaderFields: 100}
	buf := make([]byte, 32<<10)
	for size := 0; ; {
		k, err := conn.Read(buf[size:])
		if err != nil {
			return nil, err
		}
		size += k
		var q httpparse.Request
		n, err := heads.Parse(&q, buf[:size], 0)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			continue
		}
		request := websocket.Request{
			GET: q.Method == httpparse.MethodGET, Minor: q.Minor, Connection: q.ConnectionUpgrade,
			Upgrade: q.Upgrade, Key: q.SecWebSocketKey, Version: q.SecWebSocketVersion, Protocols: q.SecWebSocketProtocol,
		}
		if refusal := request.Check(); refusal != 0 {
			return nil, errors.New(refusal.Error())
		}
		_, err = conn.Write(httpparse.AppendEnd(websocket.AppendResponse(nil, q.SecWebSocketKey, nil)))
		return buf[n:size], err
	}
}

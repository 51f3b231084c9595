package loop

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"halley/bayeux"
)

// stressKinds are the connection types that the subscribers of a stress use.
var stressKinds = []bayeux.ConnectionType{bayeux.LongPolling, bayeux.WebSocket, bayeux.EventSource}

// patience is how long a websocket's client waits for the reply to a connect that is held for a fraction of that. A session
// whose connections are not killed is displaced by nobody, and its reply may come as late as it likes.
func (c *stressClient) patience() time.Duration {
	if c.x.kills {
		return 3 * time.Second
	}
	return deadline
}

// errDisplaced means that another connection of the session took its place.
var errDisplaced = errors.New("displaced")

// open starts to get events over w. What it returns waits for the next batch.
func (c *stressClient) open(w *wire) (next func() (string, error), err error) {
	switch c.kind {
	case bayeux.WebSocket:
		return c.openSocket(w)
	case bayeux.EventSource:
		return c.openEvents(w)
	}
	err = c.ask(w, post(connect(c.id)))
	return func() (string, error) {
		a, err := w.tryRead()
		switch {
		case err != nil:
			return "", err
		case a.StatusCode != 200:
			return "", fmt.Errorf("status %d", a.StatusCode)
		case displaced(decode(c.x.t, a.body)):
			return "", errDisplaced
		}
		return a.body, c.ask(w, post(connect(c.id)))
	}, err
}

func (c *stressClient) ask(w *wire, text string) error {
	_, err := io.WriteString(w.Conn, text)
	return err
}

func (c *stressClient) openSocket(w *wire) (next func() (string, error), err error) {
	if err := c.ask(w, upgradeRequest("")); err != nil {
		return nil, err
	}
	if a, err := w.tryRead(); err != nil || a.StatusCode != 101 {
		return nil, fmt.Errorf("upgrade: %v %v", a.Response, err)
	}
	w.frame(1, wsConnect(c.id))
	return func() (string, error) {
		// The server does not tell a websocket that another connection has taken its
		// session, so its client has to miss the replies to its connects. Pings go on.
		w.SetReadDeadline(time.Now().Add(c.patience()))
		for {
			if _, err := w.in.Peek(2); errors.Is(err, os.ErrDeadlineExceeded) {
				return "", errDisplaced
			} else if err != nil {
				return "", err
			}
			opcode, text := w.readFrame()
			if opcode == 0x89 {
				continue
			}
			if opcode != 0x81 {
				return "", fmt.Errorf("opcode %x", opcode)
			}
			if strings.Contains(text, "/meta/connect") {
				w.frame(1, wsConnect(c.id))
			}
			return text, nil
		}
	}, nil
}

func (c *stressClient) openEvents(w *wire) (next func() (string, error), err error) {
	if err := c.ask(w, request("GET", "/bayeux/"+c.id, "Accept: text/event-stream")); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(w.in, nil)
	if err != nil || response.StatusCode != 200 {
		return nil, fmt.Errorf("event-stream: %v %w", response, err)
	}
	if err := c.hears(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	return func() (string, error) {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data, nil
			}
			if strings.HasPrefix(lines.Text(), ":") {
				return "[]", nil // a heartbeat
			}
		}
		if lines.Err() != nil {
			return "", lines.Err()
		}
		return "", errDisplaced
	}, nil
}

// hears says, on another connection, that the client sees its event-stream open.
func (c *stressClient) hears() error {
	conn, err := net.Dial("tcp", c.x.s.Addresses()[0])
	if err != nil {
		return err
	}
	defer conn.Close()
	w := newWire(c.x.t, conn)
	if err := c.ask(w, post(fmt.Sprintf(`{"channel":"/meta/connect","connectionType":"eventsource","clientId":%q}`, c.id))); err != nil {
		return err
	}
	_, err = w.tryRead()
	return err
}

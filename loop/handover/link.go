// Proved by TestLink, TestSlowLink, TestSockets, TestNobody and TestStranger.

package handover

import (
	"bufio"
	"encoding/gob"
	"errors"
	"net"
	"sync"
)

// Link is the connection between the two, once the sockets are over. Messages arrive in the order of their Send.
type Link struct {
	conn    *net.UnixConn
	most    int // bytes that may wait
	mu      sync.Mutex
	wake    *sync.Cond
	waiting []Message
	bytes   int
	fault   error
}

// ErrSlow means that the other side does not read.
var ErrSlow = errors.New("too much waits for the other server")

// NewLink makes a link of a connection, on which at most so many bytes may wait to be sent.
func NewLink(conn *net.UnixConn, most int) *Link {
	l := &Link{conn: conn, most: most}
	l.wake = sync.NewCond(&l.mu)
	return l
}

// Send has a message sent, and does not wait for that. It returns false if the link has ended.
func (l *Link) Send(m Message) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault != nil {
		return false
	}
	if l.bytes += m.size(); l.bytes > l.most && m.Kind != Past {
		l.end(ErrSlow)
		return false
	}
	l.waiting = append(l.waiting, m)
	l.wake.Signal()
	return true
}

// Run sends what there is to send and hands what comes to handle, until the link ends. It returns why.
func (l *Link) Run(handle func(Message)) error {
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		l.send()
	}()
	in := gob.NewDecoder(bufio.NewReader(l.conn))
	for {
		var m Message
		if err := in.Decode(&m); err != nil {
			l.fail(err)
			<-sent
			return l.fault
		}
		handle(m)
	}
}

// send writes what waits until the link has ended.
func (l *Link) send() {
	buffered := bufio.NewWriter(l.conn)
	out := gob.NewEncoder(buffered)
	for batch := l.next(); batch != nil; batch = l.next() {
		for i := range batch {
			if err := out.Encode(&batch[i]); err != nil {
				l.fail(err)
				return
			}
		}
		if err := buffered.Flush(); err != nil {
			l.fail(err)
			return
		}
	}
}

// next waits for messages; nil once the link has ended.
func (l *Link) next() []Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) == 0 && l.fault == nil {
		l.wake.Wait()
	}
	if l.fault != nil {
		return nil
	}
	batch := l.waiting
	l.waiting, l.bytes = nil, 0
	return batch
}

// Close ends the link.
func (l *Link) Close() { l.fail(net.ErrClosed) }

func (l *Link) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(err)
}

func (l *Link) end(err error) {
	if l.fault == nil {
		l.fault = err
		l.wake.Broadcast()
		l.conn.Close()
	}
}

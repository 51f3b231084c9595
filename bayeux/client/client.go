// Package client is a Bayeux 1.0 client: it shakes hands, subscribes,
// publishes, and keeps a connection open by the server's advice.
//
//	c, err := client.New("http://127.0.0.1:8080/bayeux", client.Options{})
//	err = c.Handshake(ctx)
//	err = c.Subscribe(ctx, "/stock/*", func(m client.Message) { fmt.Println(string(m.Data)) })
//	err = c.Run(ctx) // delivers until ctx is done or the server wants no more connects
//
// Messages reach the handlers one at a time, in the order in which they came
// from the server. All methods may be called from any goroutine, handlers
// included.
package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/goccy/go-json"
)

// Client is one Bayeux session and its successors: after a lost session it
// shakes hands and subscribes anew.
type Client struct{ *shell }

// New makes a Client of the Bayeux endpoint at address, an http or https URL.
// Nothing is sent before Handshake or Run.
func New(address string, o Options) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("client: %q is no http or https URL", address)
	}
	if o.HandshakeExt != nil && !json.Valid(o.HandshakeExt) {
		return nil, errors.New("client: HandshakeExt is not JSON")
	}
	o.fill()
	polling, err := newLongPolling(u.String(), o)
	if err != nil {
		return nil, err
	}
	c := &Client{newShell(o, polling)}
	for _, kind := range o.ConnectionTypes {
		if c.transport(kind) == nil {
			return nil, fmt.Errorf("client: unknown connection type %q", kind)
		}
	}
	return c, nil
}

// ID is the clientId of the present session, empty without one.
func (c *Client) ID() string {
	var id string
	c.look(func(m *machine) {
		if m.session != nil {
			id = m.session.id
		}
	})
	return id
}

// ConnectionType is the connection type in use, empty before the first
// handshake.
func (c *Client) ConnectionType() string {
	var kind string
	c.look(func(m *machine) {
		if m.link != nil {
			kind = m.link.kind
		}
	})
	return kind
}

// Use makes a connection type the first choice and, while Run is in progress,
// moves the session to it: the old connection is left open until the new one has
// taken over, and what it still brings is handled first. If the new one does not
// get through the session stays where it is and OnError is told.
func (c *Client) Use(connectionType string) error {
	if c.transport(connectionType) == nil {
		return fmt.Errorf("client: unknown connection type %q", connectionType)
	}
	c.post(preferred{connectionType})
	return nil
}

// Close lets go of connections without telling the server. Use it when
// Disconnect is not called.
func (c *Client) Close() {
	var shut chan struct{}
	c.mailbox.post(func() { c.step(released{}) })
	c.look(func(m *machine) {
		if m.link != nil {
			shut = m.link.shut
		}
	})
	if shut != nil {
		<-shut
	}
	c.polling.Close()
	if t, ok := c.options.Transport.(interface{ Close() }); ok {
		t.Close()
	}
}

// Disconnect ends the session and makes Run return nil. The client cannot be
// used afterwards.
func (c *Client) Disconnect(ctx context.Context) error {
	goodbye := newInquiry(ctx, func(s *session) []request {
		return []request{{Channel: "/meta/disconnect", ClientID: s.id}}
	})
	c.post(disconnected{goodbye})
	<-goodbye.done
	c.Close()
	return goodbye.problem("client: disconnect")
}

// Proved by TestTokenOfEachHandshake and TestTokenThatFails.

package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/goccy/go-json"
)

// asking is the state of a client that waits for its user's token, before it shakes hands.
type asking struct {
	plain
	wish *tokenWish
}

// tokenWish is a token that the user is asked for.
type tokenWish struct{ cancel context.CancelFunc }

// granted is the event that the user has given a token, or none.
type granted struct {
	wish  *tokenWish
	token string
	err   error
}

func beginAsking(m *machine) state {
	s := &asking{wish: new(tokenWish)}
	m.act(askToken{s.wish})
	return s
}

func (s *asking) handle(m *machine, e any) state {
	g, ok := e.(granted)
	switch {
	case !ok || g.wish != s.wish:
		return s
	case g.err != nil:
		return m.outcome(g.err)
	}
	return beginShaking(m, g.token)
}

func (s *asking) leave(m *machine) { m.act(giveUpAsking{s.wish}) }

// What the state has done.
type (
	askToken     struct{ wish *tokenWish }
	giveUpAsking struct{ wish *tokenWish }
)

func (a askToken) perform(s *shell) {
	ctx, cancel := context.WithCancel(context.Background())
	a.wish.cancel = cancel
	go func() {
		defer cancel()
		token, err := s.options.askToken(ctx)
		s.post(granted{a.wish, token, err})
	}()
}

func (a giveUpAsking) perform(*shell) { a.wish.cancel() }

// askToken asks the user for a token, but not for longer than a reply may take.
func (o *Options) askToken(ctx context.Context) (token string, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.NetworkDelay)
	defer cancel()
	type answer struct {
		token string
		err   error
	}
	given := make(chan answer, 1)
	go func() {
		token, err := o.Token(ctx)
		given <- answer{token, err}
	}()
	select {
	case a := <-given:
		token, err = a.token, a.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err == nil && token == "" {
		err = errors.New("it is empty")
	}
	if err != nil {
		return "", fmt.Errorf("client: token: %w", err)
	}
	o.credential.given(token)
	return token, nil
}

// tokenField is a token as JSON.
func tokenField(token string) json.RawMessage {
	quoted, _ := json.Marshal(token) // a string can be encoded
	return append(append([]byte(`{"token":`), quoted...), '}')
}

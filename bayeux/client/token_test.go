package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// lessor is a server without a wire that lets a session live as long as its token: it takes "name until-second" for one.
type lessor struct {
	mu       sync.Mutex
	lasts    time.Duration // of a session by one token
	ends     time.Time     // when the session does
	tokens   []string      // of handshakes
	renewals []time.Time
	refuse   string // what renewals are refused with
	sessions int
}

func (*lessor) ConnectionType() string { return longPollingType }

func (l *lessor) Send(ctx context.Context, b Batch, receive func([]byte) error) error {
	var messages []struct {
		Channel string
		ID      string
		Data    struct{ Token string }
		Ext     struct {
			Auth struct{ Token string }
		}
	}
	if err := json.Unmarshal(b.Body, &messages); err != nil {
		return err
	}
	for _, m := range messages {
		reply, err := l.answer(ctx, m.Channel, m.Ext.Auth.Token+m.Data.Token)
		if err != nil {
			return err
		}
		if err := receive(fmt.Appendf(nil, `[{"channel":%q,"id":%q,%s}]`, m.Channel, m.ID, reply)); err != nil {
			return err
		}
	}
	return nil
}

func (l *lessor) answer(ctx context.Context, channel, token string) (string, error) {
	if channel == "/meta/connect" {
		return l.hold(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	auth := fmt.Sprintf(`"successful":true,"ext":{"auth":{"expiresIn":%d}}`, l.lasts.Milliseconds())
	switch channel {
	case "/meta/handshake":
		l.tokens = append(l.tokens, token)
		if strings.Contains(token, "stale") {
			return `"successful":false,"error":"403::token_expired","advice":{"reconnect":"handshake","interval":5000}`, nil
		}
		l.sessions++
		l.ends = time.Now().Add(l.lasts)
		return fmt.Sprintf(`"clientId":"c%d","supportedConnectionTypes":["long-polling"],"advice":{"reconnect":"retry","interval":0,"timeout":30000},%s`, l.sessions, auth), nil
	case refreshChannel:
		if l.refuse != "" {
			return `"successful":false,"error":"` + l.refuse + `"`, nil
		}
		l.renewals, l.ends = append(l.renewals, time.Now()), time.Now().Add(l.lasts)
		return auth, nil
	}
	return `"successful":true`, nil
}

// hold holds a connect for 28 s, or until the session ends.
func (l *lessor) hold(ctx context.Context) (string, error) {
	l.mu.Lock()
	left := time.Until(l.ends)
	l.mu.Unlock()
	select {
	case <-time.After(min(left, 28*time.Second)):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !time.Now().Before(l.ends) {
		return `"successful":false,"error":"403::authorization_expired","advice":{"reconnect":"handshake","interval":0}`, nil
	}
	return `"successful":true`, nil
}

// lived has a client run for a while with tokens, and gives what it was told of.
func lived(t *testing.T, l *lessor, while time.Duration, token func(context.Context) (string, error)) (told []string) {
	t.Helper()
	c, err := New("http://server/", Options{Transport: l, Token: token, OnError: func(err error) { told = append(told, err.Error()) }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), while)
	defer cancel()
	if err := c.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Run: %v", err)
	}
	c.Close()
	return told
}

// A session lives for days by one token after the other, each in time and not much too early.
func TestTokenIsRenewedForDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, given := &lessor{lasts: time.Hour}, new(atomic.Int64)
		told := lived(t, l, 72*time.Hour, func(context.Context) (string, error) {
			return fmt.Sprint("t", given.Add(1)), nil
		})
		if l.sessions != 1 || len(told) > 0 || len(l.tokens) != 1 || l.tokens[0] != "t1" || int(given.Load()) != len(l.renewals)+1 {
			t.Errorf("%d sessions by %q, %d tokens given; told %q", l.sessions, l.tokens, given.Load(), told)
		}
		last := l.renewals[0]
		for _, at := range l.renewals[1:] {
			if after := at.Sub(last); after < 40*time.Minute || after > 55*time.Minute {
				t.Errorf("renewed after %v", after)
			}
			last = at
		}
		if n := len(l.renewals); n < 75 || n > 103 {
			t.Errorf("%d renewals", n)
		}
	})
}

// When the user has no token, or the server wants none of it, the session ends in time and the client comes back, told of
// once each; nobody is hammered.
func TestRenewalThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		refuse string
		fails  func(given int) error
		hangs  bool
		told   string
	}{
		"refused": {refuse: "403::token_subject", told: "403::token_subject"},
		"error":   {fails: func(given int) error { return map[bool]error{true: errors.New("away")}[given > 1 && given%40 != 0] }, told: "client: token: away"},
		"hangs":   {hangs: true, told: "client: token: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, asked := &lessor{lasts: time.Hour, refuse: c.refuse}, new(atomic.Int64)
				told := lived(t, l, 10*time.Hour, func(ctx context.Context) (string, error) {
					given := int(asked.Add(1))
					if c.hangs && given > 1 && given%40 != 0 {
						<-ctx.Done()
						return "", ctx.Err()
					}
					if c.fails != nil {
						return "t", c.fails(given)
					}
					return "t", nil
				})
				if given := asked.Load(); l.sessions < 2 || given > 1500 || !strings.Contains(strings.Join(told, "\n"), c.told) {
					t.Errorf("%d sessions, %d tokens given, told %d times", l.sessions, asked.Load(), len(told))
				}
			})
		})
	}
}

// Each handshake has a token of its own, beside what the user has in ext. One that has expired is replaced at once.
func TestTokenOfEachHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, given := &lessor{lasts: 3 * time.Minute}, new(atomic.Int64)
		begun := time.Now()
		lived(t, l, 10*time.Second, func(context.Context) (string, error) {
			n := given.Add(1)
			if n == 1 {
				return "stale", nil
			}
			return fmt.Sprint("t", n), nil
		})
		if got := fmt.Sprint(l.tokens); got != "[stale t2]" || l.ends.Sub(begun) > 3*time.Minute+time.Second {
			t.Errorf("%s, the session ends after %v", got, l.ends.Sub(begun))
		}
	})
	o := Options{HandshakeExt: []byte(`{"auth":{"token":"old"},"own":1}`), Acknowledge: true}
	if got := string(o.extensions(`a"b`)); got != `{"ack":true,"auth":{"token":"a\"b"},"own":1}` && got != `{"auth":{"token":"a\"b"},"ack":true,"own":1}` {
		t.Errorf("ext %s", got)
	}
	if got := string(o.extensions("")); got != `{"ack":true,"auth":{"token":"old"},"own":1}` && got != `{"ack":true,"own":1,"auth":{"token":"old"}}` {
		t.Errorf("ext without a token: %s", got)
	}
}

// A token that does not come keeps the client from shaking hands, for a while; Handshake tells, Run tries again, and both can
// be stopped meanwhile.
func TestTokenThatFails(t *testing.T) {
	for name, token := range map[string]func(context.Context) (string, error){
		"an error": func(context.Context) (string, error) { return "", errors.New("away") },
		"nothing":  func(context.Context) (string, error) { return "", nil },
		"no end":   func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, given := &lessor{lasts: time.Hour}, new(atomic.Int64)
				counted := func(ctx context.Context) (string, error) { given.Add(1); return token(ctx) }
				c, err := New("http://server/", Options{Transport: l, Token: counted})
				if err != nil {
					t.Fatal(err)
				}
				if err := c.Handshake(t.Context()); err == nil || !strings.Contains(err.Error(), "client: token: ") {
					t.Errorf("Handshake: %v", err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				if err := c.Run(ctx); !errors.Is(err, context.DeadlineExceeded) || len(l.tokens) > 0 {
					t.Errorf("Run: %v", err)
				}
				c.Close()
				told := lived(t, l, time.Hour, counted)
				if len(told) < 80 || len(told) > 300 || given.Load() > 320 || len(l.tokens) > 0 {
					t.Errorf("told %d times, asked %d times in an hour", len(told), given.Load())
				}
			})
		})
	}
}

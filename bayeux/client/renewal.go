// Proved by TestTokenIsRenewedForDays and TestRenewalThatFails.

package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/goccy/go-json"
)

// renewal has the token of one session renewed before it expires, and again and again. What it waits for is a timer
// alone.
type renewal struct {
	shell   *shell
	session string
	ctx     context.Context // done when the session has another renewal, or none
	end     context.CancelFunc
	backoff backoff
}

// refreshChannel is where a server takes a fresh token.
const refreshChannel = "/service/auth"

// The actions.
type (
	renewToken struct { // of a session, whose token is good for a while
		session string
		lasts   time.Duration
	}
	endRenewal struct{}
)

func (a renewToken) perform(s *shell) {
	endRenewal{}.perform(s)
	if a.lasts <= 0 {
		return
	}
	r := &renewal{shell: s, session: a.session, backoff: backoff{min: s.options.MinBackoff, max: s.options.MaxBackoff}}
	r.ctx, r.end = context.WithCancel(context.Background())
	s.renewal = r
	r.in(early(a.lasts))
}

func (endRenewal) perform(s *shell) {
	if s.renewal != nil {
		s.renewal.end()
		s.renewal = nil
	}
}

// early is when a token is renewed: in time for some more attempts, and not at the same time by all clients that came
// together.
func early(lasts time.Duration) time.Duration {
	return time.Duration(float64(lasts) * (0.7 + 0.2*rand.Float64()))
}

// in renews the token after a while, unless that is over before.
func (r *renewal) in(d time.Duration) {
	var stop func() bool
	begun := make(chan struct{})
	timer := time.AfterFunc(d, func() {
		<-begun
		if stop() {
			r.renew()
		}
	})
	stop = context.AfterFunc(r.ctx, func() { timer.Stop() })
	close(begun)
}

func (r *renewal) renew() {
	lasts, err := r.attempt()
	switch {
	case r.ctx.Err() != nil || errors.Is(err, ErrNoSession): // the next handshake brings a token
	case err == nil:
		r.backoff.reset()
		if lasts > 0 {
			r.in(early(lasts))
		}
	default:
		if r.backoff.failures == 0 {
			r.shell.post(troubled{err})
		}
		r.in(r.backoff.next(rand.Float64()))
	}
}

// attempt shows the server a fresh token, and tells how long that is good.
func (r *renewal) attempt() (lasts time.Duration, err error) {
	token, err := r.shell.options.askToken(r.ctx)
	if err != nil {
		return 0, err
	}
	mine := true
	shows := newInquiry(r.ctx, func(s *session) []request {
		if mine = s.id == r.session; !mine {
			return nil
		}
		return []request{{Channel: refreshChannel, ClientID: s.id, Data: tokenField(token)}}
	})
	r.shell.post(asked{shows})
	<-shows.done
	switch {
	case !mine:
		return 0, ErrNoSession
	case shows.refused() != nil:
		return 0, shows.refused()
	}
	return tokenTime(shows.replies[0]), nil
}

// tokenTime is how long a token is good by a reply, 0 if it does not say.
func tokenTime(r Reply) time.Duration {
	var ext struct {
		Auth struct {
			ExpiresIn float64 `json:"expiresIn"`
		} `json:"auth"`
	}
	if json.Unmarshal(r.Ext, &ext) != nil || ext.Auth.ExpiresIn <= 0 {
		return 0
	}
	return time.Duration(min(ext.Auth.ExpiresIn, 1e12)) * time.Millisecond
}

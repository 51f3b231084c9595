package hook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"halley/bayeux"
	"halley/bayeux/reply"
	"halley/loop/settings"
)

// Hook is an authority that asks a program. It may be used by several goroutines.
type Hook struct {
	settings Settings
	on       asked
	log      *slog.Logger
	poster   *poster
	pool     pool
	cache    *cache
	breaker  breaker
	counts   counts
	ctx      context.Context // done when the hook is closed
	cancel   context.CancelFunc
}

// Hook is asked as any authority is.
var _ bayeux.Authority = (*Hook)(nil)

// New makes a hook. An error names the flag.
func New(s Settings, log *slog.Logger) (*Hook, error) {
	if err := settings.Check(&s); err != nil {
		return nil, err
	}
	on, err := parseOn(s.On)
	if err != nil {
		return nil, err
	}
	sign, err := openSecret(s.SecretFile)
	if err != nil {
		return nil, err
	}
	p, err := newPoster(&s, sign)
	if err != nil {
		return nil, err
	}
	h := &Hook{settings: s, on: on, log: log, poster: p, cache: newCache(s.Cache)}
	h.pool.most, h.pool.room = s.Connections, s.Queue
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h, nil
}

// Close ends the requests that are under way, and waits until all questions have a verdict. Questions that come
// later have the stated one.
func (h *Hook) Close() {
	h.cancel()
	h.pool.done.Wait()
	h.poster.close()
}

// Exposed says what is wrong with the permissions of its secret; empty: nothing. There may be no hook.
func (h *Hook) Exposed() string {
	if h == nil {
		return ""
	}
	return h.poster.secret.exposed()
}

// Secret is the part of the hook that may be read again.
func (h *Hook) Secret() interface {
	Name() string
	Files() []string
	Reload() ([]string, error)
} {
	return h.poster.secret
}

// Identity is who a client is, by what the answers have said.
func (h *Hook) Identity(claims string) string { return grants(claims).subject() }

// Until is when a session ends by what the answers have said, in milliseconds since 1970, 0 if it does not: a fresh token must
// not have it go on for longer.
func (h *Hook) Until(claims string) int64 { return grants(claims).until() }

// Fields are the header fields that questions carry.
func (h *Hook) Fields() []string { return h.settings.Headers }

// Decide answers a question by what the session was given before, by a kept answer, or because the program is known not
// to answer. All others wait.
func (h *Hook) Decide(q bayeux.Question) bayeux.Verdict {
	switch coverage := grants(q.Claims).cover(&q); {
	case coverage == covered:
		return bayeux.Verdict{}
	case nameOf(q.Operation) == "" || !h.on.has(q.Operation):
		if coverage == outside {
			return bayeux.Verdict{Ruling: bayeux.Deny}
		}
		return bayeux.Verdict{}
	}
	now := time.Now()
	if h.cache.used() {
		if body, err := encode(&q, h.settings.Headers); err == nil {
			if v, known := h.cache.get(nameOfBody(body), now); known {
				h.counts.hit()
				return merged(v, q.Claims)
			}
		}
	}
	if h.breaker.shuts(now) || h.ctx.Err() != nil {
		return h.unanswered(&q, shut, nil)
	}
	return bayeux.Verdict{Ruling: bayeux.Wait}
}

// Ask asks the program.
func (h *Hook) Ask(q bayeux.Question, answer func(bayeux.Verdict)) {
	body, err := encode(&q, h.settings.Headers)
	if err != nil {
		answer(h.unanswered(&q, fault, err))
		return
	}
	began := time.Now()
	do := func() { answer(h.ask(&q, body, began)) }
	if !h.pool.submit(job{len(body), do}) {
		answer(h.unanswered(&q, queueFull, nil))
	}
}

// ask sends a question and waits for the answer, beside the event loops.
func (h *Hook) ask(q *bayeux.Question, body []byte, began time.Time) (v bayeux.Verdict) {
	defer func() {
		if r := recover(); r != nil {
			v = h.unanswered(q, fault, fmt.Errorf("%v\n%s", r, debug.Stack()))
		}
	}()
	ctx, cancel := context.WithDeadline(h.ctx, began.Add(h.settings.Timeout))
	defer cancel()
	switch {
	case ctx.Err() != nil: // it has waited for a connection for too long, which says nothing of the program
		return h.unanswered(q, timedOut, ctx.Err())
	case !h.breaker.enter(time.Now()):
		return h.unanswered(q, shut, nil)
	}
	h.counts.asked(q.Operation)
	r, err := h.poster.post(ctx, body)
	now := time.Now()
	h.answers(now, err)
	if err != nil {
		return h.unanswered(q, kindOf(err), err)
	}
	if r.status != http.StatusOK && r.status != http.StatusNoContent && r.status != http.StatusForbidden {
		return h.unanswered(q, badStatus, fmt.Errorf("it answered with status %d", r.status))
	}
	if v, err = verdictOf(r.status, r.body, now); err != nil {
		return h.unanswered(q, badAnswer, err)
	}
	h.counts.answered(v.Ruling, now.Sub(began))
	if age := keeping(r.header); age > 0 {
		h.cache.put(nameOfBody(body), v, now, age)
	}
	return merged(v, q.Claims)
}

// answers tells the breaker whether the program answers at all.
func (h *Hook) answers(now time.Time, err error) {
	if h.ctx.Err() != nil {
		return
	}
	answered := err == nil || errors.Is(err, errTooLong)
	if !h.breaker.leave(now, answered) {
		return
	}
	if answered {
		h.log.Info("--hook-url answers again")
	} else {
		h.log.Warn("--hook-url does not answer: it is asked now and then alone", "holds", h.settings.Failure, "error", err)
	}
}

func kindOf(err error) failure {
	var network net.Error
	switch {
	case errors.Is(err, errTooLong):
		return badAnswer
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return timedOut
	}
	return unreachable
}

// merged is a verdict for a session that has been given something before.
func merged(v bayeux.Verdict, before string) bayeux.Verdict {
	if v.Ruling == bayeux.Allow && v.Claims != "" {
		v.Claims = string(grants(before).replaced(grants(v.Claims)))
	}
	return v
}

// unavailable is the reason of a denial that the program has not given.
const unavailable = "hook_unavailable"

// A client whose handshake failed so comes again after this time, and up to as much again, so that not all come at once.
const comeAgain = 3000

// unanswered is the stated verdict on a question without an answer.
func (h *Hook) unanswered(q *bayeux.Question, why failure, err error) bayeux.Verdict {
	if h.counts.failed(why, time.Now()) {
		h.log.Warn("a question to --hook-url has no answer; more of this kind are not told for a minute",
			"operation", nameOf(q.Operation), "kind", why, "holds", h.settings.Failure, "error", err)
	}
	if h.settings.Failure == "allow" {
		return bayeux.Verdict{}
	}
	v := bayeux.Verdict{Ruling: bayeux.Deny, Reason: unavailable}
	if q.Operation == bayeux.OpHandshake {
		v.Advice = reply.Advice{Reconnect: reply.Retry, Interval: comeAgain + rand.Int64N(comeAgain)}
	}
	return v
}

// Figures are what has been counted.
func (h *Hook) Figures() Figures {
	f := h.counts.figures()
	f.Kept = h.cache.size()
	f.Open, f.Waiting = h.pool.load()
	f.Shut = h.breaker.shuts(time.Now())
	return f
}

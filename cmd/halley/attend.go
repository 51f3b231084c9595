// Proved by TestHook, TestHookEvents and TestPresence.

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"time"

	"halley/bayeux"
	"halley/cmd/halley/config"
	"halley/cmd/halley/metrics"
	"halley/loop"
	"halley/loop/access"
	"halley/loop/access/hook"
	"halley/loop/presence"
)

// attendants are who is asked and told beside the event loops: the operator's program, and the subscribers of
// channels with presence. Any may be nil.
type attendants struct {
	hook     *hook.Hook
	events   *hook.Events
	presence *presence.Presence
	present  bool         // presence is told who is there
	server   *loop.Server // when there is one
}

// openHook makes the part that decides.
func (a *attendants) openHook(c *config.Serve, log *slog.Logger) (others []bayeux.Authority, err error) {
	if !c.Hook.Active() {
		if c.Hook.Events {
			return nil, errors.New("--hook-events: there is no --hook-url to tell")
		}
		return nil, nil
	}
	if a.hook, err = hook.New(c.Hook, log); err != nil {
		return nil, err
	}
	return []bayeux.Authority{a.hook}, nil
}

// attendance is who wants to know who is there; nil: nobody.
func (a *attendants) attendance(c *config.Serve, who *access.Access) bayeux.Attendance {
	var all company
	if c.Hook.Events {
		a.events = a.hook.Events(who.Subject)
		all = append(all, a.events)
	}
	a.presence = presence.New(c.Presence, presence.Source{Has: a.attended, Identity: who.Subject, Publish: a.publish})
	if config.HasPresence(c.Loop.Rules) {
		a.present = true
		all = append(all, a.presence)
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// reconfigure has other settings hold in the event loops. With the first rule that wants it told who is on a channel, it
// begins to be known.
func (a *attendants) reconfigure(to loop.Settings) error {
	if !a.present && config.HasPresence(to.Rules) {
		a.present = true
		all := company{a.presence}
		if a.events != nil {
			all = company{a.events, a.presence}
		}
		a.server.Attend(all)
	}
	return a.server.Reconfigure(to)
}

// attended tells whether it is told who is on a channel.
func (a *attendants) attended(name []byte) bool { return a.server.Attended(name) }

// publish tells who is there; false if there is no room for it now.
func (a *attendants) publish(name string, messages []string) bool {
	batch := make([]loop.Publication, len(messages))
	for i, m := range messages {
		batch[i] = loop.Publication{Channel: []byte(name), Data: []byte(m)}
	}
	err := a.server.Publish(batch)
	return !errors.Is(err, loop.ErrBusy) && !errors.Is(err, loop.ErrMemory)
}

// begin lets those be told who want to know of the server.
func (a *attendants) begin() {
	if a.events != nil {
		a.events.Begin()
		a.server.WatchChannels(a.events.Channel)
	}
}

// lastWords is how long the operator's program is told what it has not heard yet while the server ends.
const lastWords = 2 * time.Second

// end ends what goes on, once the server has ended.
func (a *attendants) end() {
	if a.presence != nil {
		a.presence.Close()
	}
	if a.events != nil {
		ctx, cancel := context.WithTimeout(context.Background(), lastWords)
		defer cancel()
		a.events.Close(ctx)
	}
	if a.hook != nil {
		a.hook.Close()
	}
}

// sources are the figures of all of them.
func (a *attendants) sources() []metrics.Source {
	return []metrics.Source{
		{Of: new(hook.Figures), Take: func() any {
			f := new(hook.Figures)
			if a.hook != nil {
				*f = a.hook.Figures()
			}
			return f
		}},
		{Of: new(hook.EventFigures), Take: func() any {
			f := new(hook.EventFigures)
			if a.events != nil {
				*f = a.events.Figures()
			}
			return f
		}},
	}
}

// plainHook says that what a hook is told goes in plain over a network; empty: it does not.
func plainHook(address string) string {
	u, err := url.Parse(address)
	if address == "" || err != nil || u.Scheme != "http" || config.Loopback(net.JoinHostPort(u.Hostname(), "0")) {
		return ""
	}
	return fmt.Sprintf("what clients show, such as tokens and cookies, goes to --hook-url %s in plain: https:// keeps it secret", address)
}

// company is several who want to know who is there.
type company []bayeux.Attendance

// Begun tells all of a new session.
func (all company) Begun(who bayeux.Attendee) {
	for _, a := range all {
		a.Begun(who)
	}
}

// Joined tells all of a new subscription.
func (all company) Joined(who bayeux.Attendee, pattern string) {
	for _, a := range all {
		a.Joined(who, pattern)
	}
}

// Left tells all of a subscription's end.
func (all company) Left(who bayeux.Attendee, pattern string) {
	for _, a := range all {
		a.Left(who, pattern)
	}
}

// Ended tells all of a session's end.
func (all company) Ended(who bayeux.Attendee) {
	for _, a := range all {
		a.Ended(who)
	}
}

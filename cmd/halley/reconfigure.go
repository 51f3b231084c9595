package main

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"halley/cmd/halley/config"
	"halley/loop"
	"halley/loop/settings"
)

// configuration is the part of a running server that follows its configuration file. It has no Files, so it waits to be
// told: somebody may be at work on the file.
type configuration struct {
	read   func() (*config.Serve, error)
	apply  func(loop.Settings) error
	level  *slog.LevelVar
	log    *slog.Logger
	mu     sync.Mutex
	now    config.Serve // what holds
	wanted config.Serve // what was last read
}

func newConfiguration(start *config.Serve, read func() (*config.Serve, error), level *slog.LevelVar, log *slog.Logger) *configuration {
	return &configuration{read: read, level: level, log: log, now: *start, wanted: *start}
}

// Name implements reload.Part.
func (*configuration) Name() string { return "configuration" }

// Files implements reload.Part.
func (*configuration) Files() []string { return nil }

// Reload implements reload.Part: it takes of the new configuration what may change while the server runs, or nothing if
// it is not one to start with. Of what has changed and needs a new start the log tells.
func (c *configuration) Reload() (changed []string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wanted, err := c.read()
	if err != nil {
		return nil, err
	}
	now := c.now
	for _, change := range settings.Changes(&now, wanted) {
		if change.Live {
			changed = append(changed, change.Texts...)
			change.Take()
		}
	}
	if err := c.apply(now.LoopSettings()); err != nil {
		return nil, err
	}
	c.tellTheRest(wanted)
	c.now, c.wanted = now, *wanted
	setLevel(c.level, now.LogLevel)
	return changed, nil
}

// tellTheRest logs what is another than it was when it was last read, and waits for the next start.
func (c *configuration) tellTheRest(wanted *config.Serve) {
	for _, change := range settings.Changes(&c.wanted, wanted) {
		if !change.Live {
			c.log.Warn("not changed: it needs a restart", "part", c.Name(), "what", change.Texts)
		}
	}
}

// drainDelay is --drain-delay as it is now.
func (c *configuration) drainDelay() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now.Drain.Delay
}

// setLevel has the log tell from a level on.
func setLevel(level *slog.LevelVar, name string) {
	var l slog.Level
	_ = l.UnmarshalText([]byte(name)) // the flag's enum has made sure that it is one
	level.Set(l)
}

// rereader reads the configuration of serve as the arguments give it.
func rereader(env environment) func() (*config.Serve, error) {
	return func() (*config.Serve, error) {
		p, err := parse(env, env.args)
		if err != nil {
			return nil, err
		}
		if p.context.Selected() == nil || p.context.Selected().Name != "serve" {
			return nil, fmt.Errorf("it is not serve any more") // which arguments alone decide
		}
		return &p.serve.Serve, nil
	}
}

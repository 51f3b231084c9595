package main

import (
	"io"
	"log/slog"

	"halley/cmd/halley/config"
)

// newLog makes the log of the server.
func newLog(w io.Writer, c *config.Serve) *slog.Logger {
	var level slog.Level
	// The flag's enum has made sure that the name is one.
	_ = level.UnmarshalText([]byte(c.LogLevel))
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

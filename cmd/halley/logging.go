// Proved by TestLogThatNobodyReads and TestDoubtsAreTold.

package main

import (
	"io"
	"log/slog"
	"os"

	"halley/cmd/halley/config"
)

// newLog makes the log of the server.
func newLog(w io.Writer, c *config.Serve) *slog.Logger {
	file, ok := w.(*os.File)
	if !ok {
		return slog.New(logHandler(w, c))
	}
	direct := slog.New(logHandler(file, c))
	return slog.New(logHandler(&logWriter{file: file, tell: func(lost int) {
		direct.Warn("lines of the log are missing here: nobody read it", "lines", lost)
	}}, c))
}

// logHandler writes records to w in the form that the flags ask for.
func logHandler(w io.Writer, c *config.Serve) slog.Handler {
	var level slog.Level
	// The flag's enum has made sure that the name is one.
	_ = level.UnmarshalText([]byte(c.LogLevel))
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

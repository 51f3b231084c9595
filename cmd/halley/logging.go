// Proved by TestLogThatNobodyReads and TestDoubtsAreTold.

package main

import (
	"io"
	"log/slog"
	"os"

	"halley/cmd/halley/config"
	"halley/cmd/halley/system"
)

// newLog makes the log of the server, and its level, which may change.
func newLog(w io.Writer, c *config.Serve) (*slog.Logger, *slog.LevelVar) {
	level := new(slog.LevelVar)
	setLevel(level, c.LogLevel)
	file, ok := w.(*os.File)
	if !ok {
		return slog.New(logHandler(w, c, level)), level
	}
	direct := slog.New(logHandler(file, c, level))
	return slog.New(logHandler(&system.LogWriter{File: file, Tell: func(lost int) {
		direct.Warn("lines of the log are missing here: nobody read it", "lines", lost)
	}}, c, level)), level
}

// logHandler writes records to w in the form that the flags ask for.
func logHandler(w io.Writer, c *config.Serve, level *slog.LevelVar) slog.Handler {
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

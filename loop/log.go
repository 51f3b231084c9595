package loop

import (
	"fmt"
	"log/slog"
)

// quietLogger gives gnet's own log to ours: its default writes to standard
// output.
type quietLogger struct {
	log  *slog.Logger
	note func(fault string)
}

// Debugf implements gnet's logging.Logger, as the others do. What gnet says of single
// connections is no news to operators.
func (l quietLogger) Debugf(format string, args ...any) { l.log.Debug(fmt.Sprintf(format, args...)) }

// Infof logs for debugging.
func (l quietLogger) Infof(format string, args ...any) { l.log.Debug(fmt.Sprintf(format, args...)) }

// Warnf logs for debugging.
func (l quietLogger) Warnf(format string, args ...any) { l.log.Debug(fmt.Sprintf(format, args...)) }

// Errorf notes and logs a warning: the engine goes on, or is started anew.
func (l quietLogger) Errorf(format string, args ...any) {
	fault := fmt.Sprintf(format, args...)
	l.note(fault)
	l.log.Warn(fault)
}

// Fatalf logs an error; the process goes on, and Run returns.
func (l quietLogger) Fatalf(format string, args ...any) { l.log.Error(fmt.Sprintf(format, args...)) }

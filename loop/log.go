package loop

import (
	"fmt"
	"log/slog"
)

// quietLogger gives gnet's own log to ours: its default writes to standard
// output.
type quietLogger struct{ log *slog.Logger }

func (l quietLogger) Debugf(format string, args ...any) { l.log.Debug(fmt.Sprintf(format, args...)) }
func (l quietLogger) Infof(format string, args ...any)  { l.log.Debug(fmt.Sprintf(format, args...)) }
func (l quietLogger) Warnf(format string, args ...any)  { l.log.Debug(fmt.Sprintf(format, args...)) }
func (l quietLogger) Errorf(format string, args ...any) { l.log.Warn(fmt.Sprintf(format, args...)) }
func (l quietLogger) Fatalf(format string, args ...any) { l.log.Error(fmt.Sprintf(format, args...)) }

package sequence

import (
	"halley/bayeux/history"
	"halley/loop/journal"
)

// History is what an operator may set of what is remembered, with the tags of package loop/settings.
type History struct {
	HistoryBytes   int             `name:"history-bytes" type:"size" group:"history" default:"64MiB" min:"64KiB" max:"1024GiB" help:"What is remembered of all channels together; beyond it the oldest goes."`
	HistoryFile    string          `name:"history-file" group:"history" placeholder:"FILE" help:"What has a history survives a restart by this file (default none)."`
	HistorySync    journal.Sync    `name:"history-sync" group:"history" default:"interval" enum:"always,interval,never" help:"When that file is safe from a crash of the machine: always (before a publish is acknowledged), interval (once a second) or never (when the system pleases)."`
	HistoryExpired history.Expired `name:"history-expired" group:"history" default:"error" enum:"error,earliest,tip" help:"What a client gets whose cursor is forgotten: error, earliest (all there is) or tip (nothing)."`
}

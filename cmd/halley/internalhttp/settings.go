package internalhttp

import (
	"time"

	"halley/loop/settings"
)

// Settings are what an operator may set of the listener, with the tags of package loop/settings.
type Settings struct {
	Address     string          `name:"internal" group:"internal" default:"127.0.0.1:8081" help:"Address of the internal listener; empty turns it off."`
	Key         settings.Secret `name:"internal-key" group:"internal" placeholder:"KEY" help:"Bearer key that the internal listener asks for (default none)."`
	Keys        string          `name:"internal-keys" group:"internal" placeholder:"FILE" help:"API keys of back-ends, one on each line: a name, the key or sha256: and its sum, publish=PATTERN and what else it is good for (listings, metrics, console, profiles, end); read again when it changes (default none)."`
	WrongKeys   int             `name:"internal-wrong-keys" group:"internal" default:"30" min:"0" max:"1000000" help:"Different wrong keys per minute from one address (one IPv6 /64); more are answered 429; 0 sets no limit."`
	TLS         bool            `name:"internal-tls" group:"internal" help:"Speak TLS on the internal listener, with the certificates and client authorities of the public one."`
	Hosts       []string        `name:"internal-host" type:"lines" group:"internal" sep:"none" placeholder:"NAME" help:"Name by which requests may call the internal listener without a key, beside addresses and localhost; repeatable (default none)."`
	Connections int             `name:"internal-connections" group:"internal" default:"128" min:"1" help:"Connections of the internal listener at once; at most ${internal}, of the ${reserved} files that are kept back from public ones."`
	Timeout     time.Duration   `name:"internal-timeout" group:"internal" default:"30s" min:"1ms" help:"Reading a request or writing a response of the internal listener."`
	MaxPublish  int             `name:"max-publish" type:"size" group:"internal" default:"16MiB" min:"1" help:"One body of POST /publish, a sixteenth of --max-memory at most; a larger one is answered 413."`
	DedupKeys   int             `name:"dedup-keys" group:"internal" default:"100000" min:"1" help:"Keys of publishes that are remembered to recognise repeats."`
	DedupWindow time.Duration   `name:"dedup-window" group:"internal" default:"10m" min:"1ms" help:"How long such a key is remembered."`
}

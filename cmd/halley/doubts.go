package main

import (
	"fmt"
	"slices"
	"strings"

	"halley/cmd/halley/config"
)

// doubts are what a configuration allows that its operator may not have meant.
// strangers are environment variables that look like a flag's and are none, memory is
// --max-memory or what stands for it.
func doubts(c *config.Serve, strangers []string, memory int64) (found []string) {
	if len(strangers) > 0 {
		found = append(found, fmt.Sprintf("no flag has the name of an environment variable: %s", strings.Join(strangers, ", ")))
	}
	if c.Loop.HistoryFile != "" && !slices.ContainsFunc(c.LoopSettings().Rules, func(rule string) bool { return strings.Contains(rule, " history=") }) {
		found = append(found, "nothing goes to --history-file: no --rule has history=")
	}
	if c.TLS.Enabled() && len(c.Loop.TLSListen) == 0 && !c.Internal.TLS {
		found = append(found, "nothing uses the certificates: there is no --tls-listen and no --internal-tls")
	}
	if c.Hook.SecretFile != "" && c.Hook.URL == "" {
		found = append(found, "nothing is signed with --hook-secret-file: there is no --hook-url")
	}
	if n := len(c.Internal.Key); 0 < n && n < leastKey {
		found = append(found, fmt.Sprintf("--internal-key has %d characters, and may be guessed: want %d at least", n, leastKey))
	}
	if most := maxPublish(c, memory); most < c.Internal.MaxPublish {
		found = append(found, fmt.Sprintf("a body of /publish may have %d bytes, less than --max-publish: a sixteenth of --max-memory", most))
	}
	return found
}

// leastKey is how long --internal-key should be. The keys of --internal-keys have to be as long.
const leastKey = 16

// publishShare is what part of the memory one body of /publish may be. Two come at
// once, and what is worked on takes several times its length.
const publishShare = 16

// maxPublish is how long a body of /publish may be.
func maxPublish(c *config.Serve, memory int64) int {
	return int(min(int64(c.Internal.MaxPublish), memory/publishShare))
}

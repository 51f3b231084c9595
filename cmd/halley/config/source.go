package config

import (
	"fmt"
	"strings"
)

// Source remembers which flags have their value from the file of --config, so that what is
// wrong with one is told with the file's name. The zero value has seen none.
type Source struct {
	path  string
	flags map[string]bool
}

// gave notes that the file gives the value of a flag.
func (s *Source) gave(flag string) {
	if s.flags == nil {
		s.flags = make(map[string]bool)
	}
	s.flags[flag] = true
}

// Blame adds the file's name to an error that begins with a flag whose value the file gives.
func (s *Source) Blame(err error) error {
	if err == nil {
		return nil
	}
	name, dashes := strings.CutPrefix(err.Error(), "--")
	if end := strings.IndexAny(name, ": "); end >= 0 {
		name = name[:end]
	}
	if !dashes || !s.flags[name] {
		return err
	}
	return fmt.Errorf("%w (from %s)", err, s.path)
}

// JoinNegative writes a value that begins with a minus and a digit into one argument with
// its flag: after a space it would be taken for a short flag, of which there are none.
func JoinNegative(args []string) (joined []string) {
	for i, arg := range args {
		number := len(arg) > 1 && arg[0] == '-' && arg[1] >= '0' && arg[1] <= '9'
		if number && i > 0 && strings.HasPrefix(args[i-1], "--") && len(args[i-1]) > 2 && !strings.Contains(args[i-1], "=") {
			joined[len(joined)-1] += "=" + arg
			continue
		}
		joined = append(joined, arg)
	}
	return joined
}

// Package front decides from the head of a request what the public listener makes of
// it: which endpoint it is for, or why it is refused, and which origin the answer names.
// It knows no connection, so its decisions are tested as tables.
package front

import (
	"errors"
	"fmt"
	"strings"
)

// Settings are what an operator says of the public listener's requests. Sizes are bytes.
type Settings struct {
	Mounts          []string // URL paths that speak Bayeux; any suffix below one is accepted
	MaxMessage      int      // one HTTP body
	AllowOrigin     []string // origins whose pages may use the server, with credentials; * admits any, without
	CallbackPolling bool     // serve callback-polling, to pages that AllowOrigin admits and the server's own
	CallbackUnnamed bool     // and to those whose browser does not name them
	CountBrowsers   bool     // read the browser cookie
	CookieSameSite  string   // lax, strict, none or off: that attribute of the browser cookie
	CookieSecure    bool     // it comes back over TLS alone

	Pages func(path string) (Page, bool) // static pages; nil serves none
}

// Front is Settings, checked and made ready. It does not change, so any goroutine may
// use it.
type Front struct {
	settings  Settings
	hint      string // for a POST to a path that is no mount
	origins   origins
	cookieEnd string // what follows the value of a browser cookie
}

// New checks the settings. An error names the flag to change.
func New(s Settings) (*Front, error) {
	f := &Front{settings: s, origins: newOrigins(s.AllowOrigin)}
	for _, origin := range s.AllowOrigin {
		if err := checkOrigin(origin); err != nil {
			return nil, fmt.Errorf("--allow-origin %w", err)
		}
	}
	var err error
	if f.settings.Mounts, err = cleanMounts(s.Mounts); err != nil {
		return nil, err
	}
	f.hint = "Bayeux is spoken at " + strings.Join(f.settings.Mounts, " and ")
	f.cookieEnd, err = bakeCookie(s.CookieSameSite, s.CookieSecure)
	return f, err
}

// cleanMounts checks mounts and takes the slashes at their end away.
func cleanMounts(mounts []string) (clean []string, err error) {
	if len(mounts) == 0 {
		return nil, errors.New("--mount: want at least one path")
	}
	for _, mount := range mounts {
		if !strings.HasPrefix(mount, "/") || strings.ContainsAny(mount, "?# ") {
			return nil, fmt.Errorf("--mount %q: want a path that starts with a slash", mount)
		}
		if mount != "/" {
			mount = strings.TrimRight(mount, "/")
		}
		if mount == eventsPath {
			return nil, fmt.Errorf("--mount %q: event-streams without Bayeux are there", mount)
		}
		clean = append(clean, mount)
	}
	return clean, nil
}

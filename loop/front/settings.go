// Proved by TestSettings.

// Package front decides from the head of a request what the public listener makes of
// it: which endpoint it is for, or why it is refused, and which origin the answer names.
// It knows no connection, so its decisions are tested as tables.
package front

import (
	"errors"
	"fmt"
	"strings"
)

// Settings are what an operator may set of the public listener's requests, and what the server tells.
type Settings struct {
	Admission
	Cookie
	MaxMessage    int  // bytes of one HTTP body
	CountBrowsers bool // read the browser cookie

	Pages func(path string) (Page, bool) // static pages; nil serves none
}

// Admission is where Bayeux is spoken, and whose pages may speak it, with the tags of package loop/settings.
type Admission struct {
	Mounts          []string `name:"mount" type:"lines" group:"listener" sep:"none" default:"/bayeux\n/cometd" placeholder:"PATH" help:"Path that speaks Bayeux, with any suffix below it; repeatable (default /bayeux and /cometd)."`
	AllowOrigin     []string `name:"allow-origin" reload:"yes" type:"lines" group:"listener" sep:"none" placeholder:"ORIGIN" help:"Origin whose pages may use the server from another host, with credentials; * admits any, without credentials; repeatable (default none)."`
	CallbackPolling bool     `name:"callback-polling" group:"listener" default:"true" help:"Serve callback-polling (JSONP), to pages that --allow-origin admits and to the server's own; --callback-polling=false turns it off."`
	CallbackUnnamed bool     `name:"callback-unnamed" reload:"yes" group:"listener" default:"true" help:"Serve callback-polling also where the browser does not tell which page asks: old browsers, programs, and pages of the same site without Referer."`
}

// Cookie is the one by which the polls of one browser are counted.
type Cookie struct {
	CookieSameSite string `name:"cookie-same-site" reload:"yes" group:"bayeux" default:"lax" enum:"lax,strict,none,off" help:"The attribute SameSite of the browser cookie: lax, strict, none (for pages of other sites; needs --cookie-secure) or off, which leaves it out."`
	CookieSecure   bool   `name:"cookie-secure" reload:"yes" group:"bayeux" help:"The browser cookie comes back over TLS alone."`
}

// Front is Settings, checked and made ready. It does not change, so any goroutine may
// use it.
type Front struct {
	settings  Settings
	hint      string // for a POST to a path that is no mount
	origins   origins
	cookieEnd string // what follows the value of a browser cookie
}

// After checks the settings, for the connections of a Front of before, which may be a new one: an Origin that it gave out is the same
// origin here, even if it is not admitted any more. An error names the flag to change.
func After(before *Front, s Settings) (*Front, error) {
	f := &Front{settings: s, origins: newOrigins(s.AllowOrigin, before.origins.names)}
	if len(s.AllowOrigin) > MostOrigins || len(f.origins.names) > 1+MostOrigins {
		return nil, fmt.Errorf("--allow-origin: at most %d can be admitted, those included that were since the start", MostOrigins)
	}
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

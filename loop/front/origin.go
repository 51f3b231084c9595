package front

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"halley/httpparse"
)

// Origin is the origin of a page that may use the server though it comes from another
// one: its number among those admitted. 0 is none.
type Origin uint16

// MostOrigins is how many may be admitted while the server runs: a connection keeps the number of one in ten bits.
const MostOrigins = 1000

// origins are those that are admitted.
type origins struct {
	names []string // by number, some of which are not admitted any more; that of 0 is empty
	any   Origin   // of all that no name stands for; 0 where only names are admitted
	named map[string]Origin
}

// anyOrigin admits every page, but never with its visitor's credentials.
const anyOrigin = "*"

// MaxOrigin bounds what is looked at of an Origin field, in bytes.
const MaxOrigin = 512

// newOrigins gives those that have a number from before the same one.
func newOrigins(admitted, before []string) origins {
	o := origins{names: slices.Clone(before), named: make(map[string]Origin)}
	if len(o.names) == 0 {
		o.names = []string{""}
	}
	for _, origin := range admitted {
		number := slices.Index(o.names, origin)
		if number < 0 {
			number = len(o.names)
			o.names = append(o.names, origin)
		}
		if origin == anyOrigin {
			o.any = Origin(number)
		} else {
			o.named[origin] = Origin(number)
		}
	}
	return o
}

// find is what the answer to a page of origin names, 0 if that page is not admitted.
func (o *origins) find(origin []byte) Origin {
	if known := o.named[string(origin)]; known != 0 {
		return known
	}
	if len(origin) > MaxOrigin {
		return 0
	}
	return o.any
}

// vary tells whether answers depend on the Origin field, which caches must know.
func (o *origins) vary() bool { return len(o.names) > 1 }

// originForm is how browsers write an origin (Fetch, section 3.2): nothing follows the
// host and port.
var originForm = regexp.MustCompile(`^([a-z][a-z0-9+.-]*)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$`)

// checkOrigin refuses what no browser's Origin would ever equal.
func checkOrigin(text string) error {
	parts := originForm.FindStringSubmatch(text)
	switch {
	case text == anyOrigin:
		return nil
	case parts == nil && strings.Contains(text, ","):
		return fmt.Errorf("%q: several origins are several flags, or lines of the variable", text)
	case parts == nil:
		return fmt.Errorf("%q: want scheme://host or scheme://host:port in small letters, or *", text)
	case parts[1] == "http" && parts[3] == ":80", parts[1] == "https" && parts[3] == ":443":
		return fmt.Errorf("%q: browsers leave the port out where it is the scheme's own", text)
	}
	return nil
}

// foreign tells whether a browser names a page of another origin, which is not admitted
// (RFC 6455, 10.2 SHOULD origin).
func (f *Front) foreign(q *httpparse.Request, admitted Origin) bool {
	return len(q.Origin) > 0 && admitted == 0 && !sameOrigin(q, q.Origin)
}

// unadmitted tells whether a request for messages comes from a page of another origin, which is not admitted. Forms, images
// and links send theirs unasked, and keeping the answer from the page would not undo what they did.
func (f *Front) unadmitted(q *httpparse.Request, p place) bool {
	if f.origins.any != 0 || p != bayeuxMount && p != eventStreams {
		return false
	}
	page := PageOrigin(q)
	if len(page) > 0 && (sameOrigin(q, page) || f.origins.find(page) != 0) {
		return false
	}
	switch string(q.SecFetchSite) {
	case "cross-site":
		return true
	case "same-site":
		return len(page) > 0
	}
	// Where Sec-Fetch-Site is absent, a Host that a proxy has changed looks like another's as well. But with a GET that is no
	// upgrade browsers send Origin to other hosts alone.
	return q.Method == httpparse.MethodGET && len(q.Upgrade) == 0 && len(q.Origin) > 0
}

// cookieless tells whether the cookies of a request say nothing of who sends it: those of a script element, which any page
// can have, and of a page that nobody admits or * alone: where browsers do not say Sec-Fetch-Site, as over plain HTTP, a POST of
// such a page comes through.
func (f *Front) cookieless(q *httpparse.Request, to Endpoint) bool {
	page, site := PageOrigin(q), string(q.SecFetchSite)
	switch {
	case to == CallbackPolling:
		return true
	case f.origins.any == 0 && q.Method != httpparse.MethodPOST:
		return false
	case len(page) > 0:
		return !sameOrigin(q, page) && f.origins.named[string(page)] == 0
	}
	return site == "cross-site" || site == "same-site"
}

// sameOrigin tells whether a page of origin came from this server: its browser says
// so, or the host is the same. Host may name the port that goes without saying.
func sameOrigin(q *httpparse.Request, origin []byte) bool {
	if string(q.SecFetchSite) == "same-origin" {
		return true
	}
	scheme, host, ok := bytes.Cut(origin, []byte("://"))
	port := []byte(":80")
	if bytes.EqualFold(scheme, []byte("https")) {
		port = []byte(":443")
	}
	return ok && bytes.EqualFold(bytes.TrimSuffix(host, port), bytes.TrimSuffix(q.Host, port))
}

// PageOrigin is the origin of the page that a request comes from, as far as its browser
// tells; empty if it does not.
func PageOrigin(q *httpparse.Request) []byte {
	if len(q.Origin) > 0 {
		return q.Origin
	}
	return originOf(q.Referer)
}

// originOf is the origin of a URL, nil if it has none.
func originOf(url []byte) []byte {
	scheme := bytes.Index(url, []byte("://"))
	if scheme < 0 {
		return nil
	}
	start := scheme + len("://")
	if end := bytes.IndexAny(url[start:], "/?#"); end >= 0 {
		return url[:start+end]
	}
	return url
}

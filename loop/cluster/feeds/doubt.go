// Proved by TestDoubts.

package feeds

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
)

// Doubt says what may not be meant by the settings; empty: nothing. No password is in it.
func (s *Settings) Doubt() string {
	if info, err := os.Stat(s.Credentials); err == nil && info.Mode()&0o077 != 0 {
		return fmt.Sprintf("others may read --feed-credentials %s: whoever knows them is at NATS what this server is. Take their permission (chmod 600)", s.Credentials)
	}
	for text := range strings.SplitSeq(string(s.URL), ",") {
		u, err := url.Parse(text)
		if err != nil || u.Scheme == "tls" || u.Scheme == "wss" || onLoopback(u.Hostname()) {
			continue
		}
		if u.User != nil || s.Credentials != "" {
			return fmt.Sprintf("a password or credentials, and all messages, go to --feed-url %s in plain: tls:// keeps them secret", u.Redacted())
		}
	}
	return ""
}

// onLoopback tells whether a host is this one.
func onLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || host == "localhost" || ip != nil && ip.IsLoopback()
}

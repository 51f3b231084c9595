// Proved by TestBadFilesNameTheirFlag.

package secure

import (
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// Settings are what an operator may set of TLS, with the tags of package loop/settings.
type Settings struct {
	Cert       []string `name:"tls-cert" type:"lines" group:"tls" sep:"none" placeholder:"FILE" help:"Certificate in PEM, its chain behind it; of several the name that a client asks for chooses, the first is for all others; repeatable (default none)."`
	Key        []string `name:"tls-key" type:"lines" group:"tls" sep:"none" placeholder:"FILE" help:"Private key in PEM, for the certificate at the same place of the list; repeatable (default none)."`
	ClientCA   string   `name:"tls-client-ca" group:"tls" placeholder:"FILE" help:"Authorities in PEM whose client certificates are good; others are refused, and clients without one are not (default none)."`
	ClientAuth string   `name:"tls-client-auth" group:"tls" default:"optional" enum:"optional,required" help:"With --tls-client-ca, whether clients need a certificate: optional or required."`
	TicketKeys string   `name:"tls-ticket-keys" group:"tls" placeholder:"FILE" help:"Keys of session tickets, so that sessions are resumed after a restart and by other servers with the same file; the server makes the file, and adds a key each day (default: keys of the process)."`
	ACME
}

// ACME is how certificates are had from an authority by its protocol (RFC 8555).
type ACME struct {
	Hosts     []string `name:"tls-acme" type:"lines" group:"tls" sep:"none" placeholder:"HOST" help:"Have a certificate for this host name from the authority of --tls-acme-directory, which checks it at port 443 (TLS-ALPN-01). You accept the authority's terms of service by this flag; repeatable (default none)."`
	Cache     string   `name:"tls-acme-cache" group:"tls" placeholder:"DIR" help:"Where the account and the certificates of --tls-acme are kept, for this user alone."`
	Directory string   `name:"tls-acme-directory" group:"tls" default:"https://acme-v02.api.letsencrypt.org/directory" placeholder:"URL" help:"Directory of the authority of --tls-acme; the default is Let's Encrypt."`
	Email     string   `name:"tls-acme-email" group:"tls" placeholder:"ADDRESS" help:"Where that authority may write to (default none)."`
}

// Enabled tells whether there are to be certificates.
func (s *Settings) Enabled() bool { return len(s.Cert) > 0 || len(s.Hosts) > 0 }

// maxNames bounds the certificates of files, and those of ACME: each of those has a goroutine.
const maxNames = 100

// check tells what is wrong with the settings by themselves. The error names the flag.
func (s *Settings) check() error {
	switch {
	case len(s.Cert) > len(s.Key):
		return fmt.Errorf("--tls-cert %s has no --tls-key", s.Cert[len(s.Key)])
	case len(s.Key) > len(s.Cert):
		return fmt.Errorf("--tls-key %s has no --tls-cert", s.Key[len(s.Cert)])
	case len(s.Cert) > maxNames:
		return fmt.Errorf("--tls-cert: more than %d", maxNames)
	}
	for i, file := range s.Cert {
		if slices.Contains(s.Cert[:i], file) {
			return fmt.Errorf("--tls-cert %s is given twice", file)
		}
	}
	if err := s.alone(); err != nil {
		return err
	}
	return s.ACME.check()
}

// alone refuses what makes no sense without certificates.
func (s *Settings) alone() error {
	for flag, value := range map[string]string{"tls-client-ca": s.ClientCA, "tls-ticket-keys": s.TicketKeys} {
		if value != "" && !s.Enabled() {
			return fmt.Errorf("--%s: needs --tls-cert or --tls-acme", flag)
		}
	}
	if s.ClientAuth == "required" && s.ClientCA == "" {
		return errors.New("--tls-client-auth required: needs --tls-client-ca")
	}
	return nil
}

func (a *ACME) check() error {
	if len(a.Hosts) == 0 {
		return nil
	}
	if a.Cache == "" {
		return errors.New("--tls-acme-cache: --tls-acme needs it, since authorities give the same certificate few times")
	}
	if len(a.Hosts) > maxNames {
		return fmt.Errorf("--tls-acme: more than %d", maxNames)
	}
	for i, host := range a.Hosts {
		name, err := acmeName(host)
		if err != nil {
			return fmt.Errorf("--tls-acme %q: %w", host, err)
		}
		if slices.Contains(a.Hosts[:i], name) {
			return fmt.Errorf("--tls-acme %q is given twice", host)
		}
		a.Hosts[i] = name
	}
	if u, err := url.Parse(a.Directory); err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("--tls-acme-directory: %q is no https URL", a.Directory)
	}
	if _, err := mail.ParseAddress(a.Email); a.Email != "" && err != nil {
		return fmt.Errorf("--tls-acme-email %q: %w", a.Email, err)
	}
	return nil
}

// acmeName is a host as a client asks for it.
func acmeName(host string) (string, error) {
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(strings.Trim(host, "."), ".") {
		return "", errors.New("want a host name with a dot in it, such as push.example.com")
	}
	name, err := idna.Lookup.ToASCII(strings.TrimSuffix(host, "."))
	if err != nil {
		return "", errors.New("want a host name, without wildcard, scheme or port")
	}
	return name, nil
}

// Proved by TestServerComesBack and TestCredentials.

package feeds

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// connection is how NATS is connected to, but for what is told of the connection.
func (s *Settings) connection() (list []nats.Option, err error) {
	list = []nats.Option{
		nats.Name("halley " + s.name()), nats.NoEcho(),
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(),
		nats.ReconnectWait(100 * time.Millisecond), nats.ReconnectJitter(100*time.Millisecond, 500*time.Millisecond),
		nats.ReconnectBufSize(-1), // what waits is kept here, where it is bounded and counted
		nats.PingInterval(5 * time.Second), nats.MaxPingsOutstanding(2), nats.Timeout(5 * time.Second),
	}
	if secure, err := s.tls(); err != nil {
		return nil, err
	} else if secure != nil {
		list = append(list, nats.Secure(secure))
	}
	if s.Credentials == "" {
		return list, nil
	}
	user, password, kind, err := readCredentials(s.Credentials)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--feed-credentials: %w", err)
	case kind == asUser && (user == "" || password == ""):
		return nil, fmt.Errorf("--feed-credentials %s: want USER:PASSWORD", s.Credentials)
	case kind == asFile:
		return append(list, nats.UserCredentials(s.Credentials)), nil
	case kind == asUser:
		return append(list, nats.UserInfoHandler(func() (string, string) {
			user, password, _, _ := readCredentials(s.Credentials)
			return user, password
		})), nil
	}
	return append(list, nats.TokenHandler(func() string {
		token, _, _, _ := readCredentials(s.Credentials)
		return token
	})), nil
}

// tls is how NATS servers are to prove themselves, and this one to them; nil: as usual.
func (s *Settings) tls() (*tls.Config, error) {
	if s.CA == "" && s.Cert == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, fmt.Errorf("--feed-tls-ca: %w", err)
		}
		if c.RootCAs = x509.NewCertPool(); !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--feed-tls-ca %s: no certificates", s.CA)
		}
	}
	if s.Cert == "" {
		return c, nil
	}
	if _, err := tls.LoadX509KeyPair(s.Cert, s.Key); err != nil {
		return nil, fmt.Errorf("--feed-tls-cert: %w", err)
	}
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(s.Cert, s.Key) // it may have been renewed
		return &pair, err
	}
	return c, nil
}

// The kinds of credentials.
type credentials int

const (
	asToken credentials = iota
	asUser
	asFile // as NATS' tools write it
)

// readCredentials reads who this server is: a user with its password, or a token in place of the user.
func readCredentials(file string) (user, password string, kind credentials, err error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", "", asToken, err
	}
	text := strings.TrimSpace(string(content))
	switch {
	case text == "" || len(text) > 64<<10:
		return "", "", asToken, fmt.Errorf("%s: it is empty, or no credentials", file)
	case strings.Contains(text, "-----BEGIN NATS"):
		return "", "", asFile, nil
	case strings.ContainsAny(text, "\r\n"):
		return "", "", asToken, fmt.Errorf("%s: want one line", file)
	}
	if user, password, is := strings.Cut(text, ":"); is {
		return user, password, asUser, nil
	}
	return text, "", asToken, nil
}

// dial makes a connection, which comes and goes with the servers. closed is called when it is closed for good.
func (f *Feeds) dial(closed func()) (*nats.Conn, error) {
	up := func(*nats.Conn) {
		if !f.up.Swap(true) {
			f.warned.Store(false)
			f.Log.Info("feeds: connected to NATS")
		}
		f.trouble("")
	}
	down := func(why string) {
		if f.up.Swap(false) {
			f.losses.Add(1)
			f.warned.Store(true)
			f.Log.Warn("feeds: connection to NATS lost", "flag", f.Flag, "error", why)
		}
		f.trouble("no connection to NATS: " + why)
	}
	return nats.Connect(string(f.settings.URL), append(f.connect[:len(f.connect):len(f.connect)],
		nats.ConnectHandler(up),
		nats.ReconnectHandler(func(link *nats.Conn) {
			up(link)
			for _, i := range f.imports {
				i.gap() // what was sent meanwhile has not come
			}
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { down(reason(err)) }),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) {
			if f.warned.CompareAndSwap(false, true) {
				f.Log.Warn("feeds: no connection to NATS", "flag", f.Flag, "error", reason(err))
			}
			f.trouble("no connection to NATS: " + reason(err))
		}),
		nats.ClosedHandler(func(link *nats.Conn) {
			down(reason(link.LastError()))
			closed()
		}),
		nats.ErrorHandler(f.failed))...)
}

func reason(err error) string {
	if err == nil {
		return "it was closed"
	}
	return err.Error()
}

// failed is told of errors of the connection.
func (f *Feeds) failed(_ *nats.Conn, s *nats.Subscription, err error) {
	if s != nil && errors.Is(err, nats.ErrSlowConsumer) {
		for _, i := range f.imports {
			i.slow(s)
		}
		return
	}
	f.Log.Warn("feeds: NATS says", "flag", f.Flag, "error", err)
}

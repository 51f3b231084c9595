// Package nats carries a cluster's messages over NATS: by a server of it in this process, which finds those of the other
// nodes (embedded), or by servers that run elsewhere (external). Wire is one connection, whose messages stay in order.
//
// Nothing here waits for NATS but one goroutine that writes and one that reads. What the connection loses is told, as a
// connection that was lost and is back; what is lost between servers is told by nobody, and found by the nodes' own numbers.
package nats

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"halley/loop/settings"
)

// Settings are what an operator may set, see package loop/settings.
type Settings struct {
	Servers     settings.Secret `name:"cluster" group:"cluster" placeholder:"URLS" help:"NATS servers that join this node to the others, nats://HOST:PORT or tls://HOST:PORT, with commas between them; USER:PASSWORD@ may stand before HOST (default none)."`
	Listen      string          `name:"cluster-listen" group:"cluster" placeholder:"ADDRESS" help:"Run a NATS server in this process, which listens for those of the other nodes on this HOST:PORT (default none)."`
	Peers       []string        `name:"cluster-peer" type:"lines" group:"cluster" sep:"none" placeholder:"ADDRESS" help:"HOST:PORT on which another node listens with --cluster-listen; repeatable (default none)."`
	Name        string          `name:"cluster-name" group:"cluster" default:"halley" placeholder:"NAME" help:"Name of the cluster: nodes of another name are strangers."`
	SecretFile  string          `name:"cluster-secret-file" group:"cluster" placeholder:"FILE" help:"Secret that the nodes of --cluster-listen show each other (default none)."`
	Credentials string          `name:"cluster-credentials" group:"cluster" placeholder:"FILE" help:"NATS credentials (.creds) for --cluster (default none)."`
	Cert        string          `name:"cluster-tls-cert" group:"cluster" placeholder:"FILE" help:"Certificate (PEM) that this node shows the others, or the servers of --cluster (default none)."`
	Key         string          `name:"cluster-tls-key" group:"cluster" placeholder:"FILE" help:"Key (PEM) of --cluster-tls-cert (default none)."`
	CA          string          `name:"cluster-tls-ca" group:"cluster" placeholder:"FILE" help:"Certificates (PEM) of the authorities that may vouch for the others, or for the servers of --cluster (default: for servers the system's)."`
	Store       string          `name:"cluster-store" group:"cluster" placeholder:"DIR" help:"Folder for the history of the cluster, with --cluster-listen; without one it is kept in memory, and gone when all nodes are (default none)."`
	Sync        string          `name:"cluster-sync" group:"cluster" default:"interval" enum:"interval,always" help:"When what is stored in --cluster-store is safe from a power failure: interval, within 2 minutes; always, before the publisher is told."`
	Replicas    int             `name:"cluster-replicas" group:"cluster" default:"0" min:"0" max:"5" help:"Nodes that keep the history of the cluster, an odd number; 0: three where there are as many, else one."`
	Buffer      int             `name:"cluster-buffer" type:"size" group:"cluster" default:"16MiB" min:"1MiB" max:"1GiB" help:"Messages that wait to go to other nodes, in bytes; above that publishes are refused."`
}

// Active tells whether this server is to be a node.
func (s *Settings) Active() bool { return s.Servers != "" || s.Listen != "" }

// InMemory tells whether the nodes keep the history in memory alone.
func (s *Settings) InMemory() bool { return s.embedded() && s.Store == "" }

// embedded tells whether the NATS server runs in this process.
func (s *Settings) embedded() bool { return s.Listen != "" }

// The most servers and peers, and the longest name.
const (
	mostPeers = 64
	mostName  = 64
)

// tokens is what may stand in a name: it is part of every subject.
var tokens = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Check tells what of the settings is wrong, and names the flag.
func (s *Settings) Check() error {
	if s.Servers != "" && s.embedded() {
		return errors.New("--cluster and --cluster-listen: NATS runs elsewhere or in this process, not both")
	}
	if err := s.stray(); err != nil || !s.Active() {
		return err
	}
	if !tokens.MatchString(s.Name) {
		return fmt.Errorf("--cluster-name %q: want 1 to %d letters, digits, - and _", s.Name, mostName)
	}
	if s.Replicas > 1 && s.Replicas%2 == 0 {
		return fmt.Errorf("--cluster-replicas %d: want an odd number, a majority of an even one is no smaller", s.Replicas)
	}
	if (s.Cert == "") != (s.Key == "") {
		return errors.New("--cluster-tls-cert and --cluster-tls-key: one without the other")
	}
	if s.embedded() {
		return s.checkEmbedded()
	}
	_, err := newExternal(s)
	return err
}

// stray refuses flags that mean nothing with the others.
func (s *Settings) stray() error {
	type use struct {
		flag  string
		given bool
	}
	name, flags := "--cluster-listen", []use{
		{"--cluster-peer", len(s.Peers) > 0}, {"--cluster-secret-file", s.SecretFile != ""}, {"--cluster-store", s.Store != ""},
		{"--cluster-sync", s.Sync == "always"},
	}
	switch {
	case s.embedded():
		name, flags = "--cluster", []use{{"--cluster-credentials", s.Credentials != ""}}
	case !s.Active():
		flags = append(flags, use{"--cluster-credentials", s.Credentials != ""}, use{"--cluster-tls-cert", s.Cert != ""},
			use{"--cluster-tls-key", s.Key != ""}, use{"--cluster-tls-ca", s.CA != ""}, use{"--cluster-replicas", s.Replicas != 0})
		name = "--cluster or --cluster-listen"
	}
	for _, f := range flags {
		if f.given {
			return fmt.Errorf("%s: needs %s", f.flag, name)
		}
	}
	return nil
}

func (s *Settings) checkEmbedded() error {
	if err := checkAddress(s.Listen, true); err != nil {
		return fmt.Errorf("--cluster-listen %q: %w", s.Listen, err)
	}
	for i, peer := range s.Peers {
		if err := checkAddress(peer, false); err != nil {
			return fmt.Errorf("--cluster-peer %q: %w", peer, err)
		}
		if slices.Contains(s.Peers[:i], peer) {
			return fmt.Errorf("--cluster-peer %s: given twice", peer)
		}
	}
	if len(s.Peers) == 0 || len(s.Peers) > mostPeers {
		return fmt.Errorf("--cluster-peer: want the addresses of the other nodes, 1 to %d, with --cluster-listen", mostPeers)
	}
	if s.Cert != "" && s.CA == "" {
		return errors.New("--cluster-tls-ca: needed with --cluster-tls-cert, the nodes check each other")
	}
	if s.Cert == "" && s.CA != "" {
		return errors.New("--cluster-tls-cert: needed with --cluster-tls-ca, the nodes check each other")
	}
	if _, err := s.secret(); err != nil {
		return err
	}
	_, err := s.routeTLS()
	return err
}

// nodes is how many embedded servers there are, with this one, which may be among its own peers.
func (s *Settings) nodes() int {
	if slices.Contains(s.Peers, s.Listen) {
		return len(s.Peers)
	}
	return len(s.Peers) + 1
}

// checkAddress tells what is wrong with HOST:PORT. To listen on, it may have no host.
func checkAddress(text string, listen bool) error {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return errors.New("want HOST:PORT")
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil || number == 0 {
		return errors.New("want a port from 1 to 65535")
	}
	if host == "" && !listen {
		return errors.New("want HOST:PORT")
	}
	return nil
}

// servers are the addresses of --cluster. No error shows a password.
func (s *Settings) servers() (list []string, err error) {
	for text := range strings.SplitSeq(string(s.Servers), ",") {
		u, err := url.Parse(text)
		switch {
		case err != nil:
			return nil, errors.New("--cluster: an address is no URL, want nats://HOST:PORT or tls://HOST:PORT")
		case u.Scheme != "nats" && u.Scheme != "tls" || u.Hostname() == "":
			return nil, fmt.Errorf("--cluster %q: want nats://HOST:PORT or tls://HOST:PORT", u.Redacted())
		case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
			return nil, fmt.Errorf("--cluster %q: nothing may follow the port", u.Redacted())
		}
		if u.Port() != "" {
			if err := checkAddress(u.Host, false); err != nil {
				return nil, fmt.Errorf("--cluster %q: %w", u.Redacted(), err)
			}
		}
		list = append(list, u.String())
	}
	if len(list) > mostPeers {
		return nil, fmt.Errorf("--cluster: at most %d servers", mostPeers)
	}
	return list, nil
}

// secret reads --cluster-secret-file; empty: there is none.
func (s *Settings) secret() (string, error) {
	if s.SecretFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(s.SecretFile)
	if err != nil {
		return "", fmt.Errorf("--cluster-secret-file: %w", err)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" || len(secret) > 1024 || strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("--cluster-secret-file %s: want 1 to 1,024 visible ASCII characters in one line", s.SecretFile)
	}
	return secret, nil
}

// Doubt says what may not be meant by the settings; empty: nothing.
func (s *Settings) Doubt() string {
	if doubt := s.exposed(); doubt != "" {
		return doubt
	}
	switch {
	case s.CA != "" || s.Cert != "":
		return ""
	case s.embedded() && s.SecretFile == "" && !onLoopback(s.Listen):
		return fmt.Sprintf("whoever reaches --cluster-listen %s can be a node, and read and publish everything: set --cluster-secret-file, or --cluster-tls-cert with --cluster-tls-ca", s.Listen)
	}
	servers, _ := s.servers()
	for _, server := range servers {
		u, err := url.Parse(server)
		if err == nil && u.Scheme == "nats" && (u.User != nil || s.Credentials != "") && !onLoopback(net.JoinHostPort(u.Hostname(), "0")) {
			return fmt.Sprintf("a password or credentials, and all messages, go to --cluster %s in plain: tls:// keeps them secret", u.Redacted())
		}
	}
	return ""
}

// exposed says what is wrong with the permissions of a secret's file; empty: nothing.
func (s *Settings) exposed() string {
	for _, secret := range [][2]string{{"--cluster-secret-file", s.SecretFile}, {"--cluster-credentials", s.Credentials}} {
		if info, err := os.Stat(secret[1]); err == nil && info.Mode()&0o077 != 0 {
			return fmt.Sprintf("others may read %s %s: whoever knows it can read and publish everything. Take their permission (chmod 600)", secret[0], secret[1])
		}
	}
	return ""
}

// onLoopback tells whether an address is for this host alone.
func onLoopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

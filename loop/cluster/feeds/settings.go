// Package feeds joins channels to subjects of NATS: messages of publishers that a site has there come to channels, and what is
// published to channels goes there. It needs no cluster.
//
// Each node of a cluster takes the messages of core NATS for its own subscribers. What all nodes have one order of, and what is read
// from a JetStream stream, one node takes for all: the eldest. An event goes out from the node that it was published on.
package feeds

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"halley/bayeux/channel"
	"halley/loop/settings"
)

// Settings are what an operator may set, see package loop/settings.
type Settings struct {
	Imports     []string        `name:"import" type:"lines" group:"feeds" sep:"none" placeholder:"FEED" help:"Messages of NATS that come to channels: SUBJECT CHANNEL, such as 'stock.> /stock/**', or js:STREAM:SUBJECT CHANNEL [new|all|last] of a JetStream stream; repeatable (default none)."`
	Exports     []string        `name:"export" type:"lines" group:"feeds" sep:"none" placeholder:"FEED" help:"Messages of channels that go to NATS: CHANNEL SUBJECT, such as '/orders/** orders.>'; repeatable (default none)."`
	URL         settings.Secret `name:"feed-url" group:"feeds" placeholder:"URLS" help:"NATS servers of --import and --export: nats://HOST:PORT or tls://HOST:PORT, with commas between them; USER:PASSWORD@ may stand before HOST (default: those of --cluster)."`
	Name        string          `name:"feed-name" group:"feeds" placeholder:"NAME" help:"Name of this server, or of its cluster, at NATS: of one name nobody imports what another has exported, and all read a stream together (default: that of the cluster, or the host's)."`
	Credentials string          `name:"feed-credentials" group:"feeds" placeholder:"FILE" help:"Who this server is at NATS: credentials as its tools write them, a line USER:PASSWORD, or a token; read again for each connection (default none)."`
	Cert        string          `name:"feed-tls-cert" group:"feeds" placeholder:"FILE" help:"Certificate (PEM) that is shown to NATS servers (default none)."`
	Key         string          `name:"feed-tls-key" group:"feeds" placeholder:"FILE" help:"Key (PEM) of --feed-tls-cert (default none)."`
	CA          string          `name:"feed-tls-ca" group:"feeds" placeholder:"FILE" help:"Certificates (PEM) of the authorities that may vouch for NATS servers, in place of the system's."`
	Buffer      int             `name:"feed-buffer" type:"size" group:"feeds" default:"16MiB" min:"1MiB" max:"4GiB" help:"Messages that wait to be published here, of each import, or at NATS, in bytes; above that an import misses the newest and an export the oldest."`
	Required    bool            `name:"feed-required" group:"feeds" help:"Without a connection to NATS this server is not ready."`
}

// The most imports, and exports.
const mostFeeds = 64

// inward is one import.
type inward struct {
	text    string // as it was given
	stream  string // of JetStream; empty: core NATS
	begin   string // where a stream that is new to us is read from
	subject string
	to      template
}

// outward is one export.
type outward struct {
	text    string
	pattern []byte
	prefix  string // what stands before the escaped rest of a channel's name, or all of the subject
	parent  int    // bytes of the pattern before its wildcard
	wild    bool   // the rest of the name follows the prefix
}

// On tells whether there are any feeds.
func (s *Settings) On() bool { return len(s.Imports)+len(s.Exports) > 0 }

// plans reads the flags.
func (s *Settings) plans() (in []inward, out []outward, err error) {
	if len(s.Imports) > mostFeeds || len(s.Exports) > mostFeeds {
		return nil, nil, fmt.Errorf("--import, --export: at most %d of each", mostFeeds)
	}
	for _, text := range s.Imports {
		i, err := parseImport(text)
		if err != nil {
			return nil, nil, fmt.Errorf("--import %q: %w", text, err)
		}
		if slices.ContainsFunc(in, func(other inward) bool { return other.text == i.text }) {
			return nil, nil, fmt.Errorf("--import %q: given twice", text)
		}
		if i.stream != "" && s.Name == "" {
			return nil, nil, fmt.Errorf("--import %q: needs --feed-name, by which NATS keeps the place in the stream", text)
		}
		in = append(in, i)
	}
	for _, text := range s.Exports {
		o, err := parseExport(text)
		if err != nil {
			return nil, nil, fmt.Errorf("--export %q: %w", text, err)
		}
		if slices.ContainsFunc(out, func(other outward) bool { return other.text == o.text }) {
			return nil, nil, fmt.Errorf("--export %q: given twice", text)
		}
		out = append(out, o)
	}
	return in, out, s.check()
}

// check checks what is neither an import nor an export.
func (s *Settings) check() error {
	for flag, given := range map[string]bool{
		"--feed-url": s.URL != "", "--feed-name": s.Name != "", "--feed-credentials": s.Credentials != "", "--feed-tls-ca": s.CA != "",
		"--feed-tls-cert": s.Cert != "", "--feed-tls-key": s.Key != "", "--feed-required": s.Required,
	} {
		if given && !s.On() {
			return fmt.Errorf("%s: needs --import or --export", flag)
		}
	}
	if (s.Cert == "") != (s.Key == "") {
		return errors.New("--feed-tls-cert and --feed-tls-key: one without the other")
	}
	if s.On() && s.URL == "" {
		return errors.New("--feed-url: --import and --export need the address of a NATS server")
	}
	for part := range strings.SplitSeq(string(s.URL), ",") {
		if err := checkURL(part); s.On() && err != nil {
			return err
		}
	}
	if len(s.Name) > 64 || strings.ContainsFunc(s.Name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}) {
		return fmt.Errorf("--feed-name %q: want at most 64 letters, digits, - and _", s.Name)
	}
	return nil
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("--feed-url: an address is no URL, want nats://HOST:PORT or tls://HOST:PORT")
	case !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("--feed-url %q: want nats://HOST:PORT or tls://HOST:PORT", u.Redacted())
	}
	return nil
}

// name is by what this server, or its cluster, is known at NATS.
func (s *Settings) name() string {
	if s.Name != "" {
		return s.Name
	}
	host, err := os.Hostname()
	if err != nil {
		host = "halley"
	}
	return host
}

func parseImport(text string) (i inward, err error) {
	words := strings.Fields(text)
	if len(words) < 2 {
		return i, errors.New("want SUBJECT CHANNEL, or js:STREAM:SUBJECT CHANNEL")
	}
	i = inward{text: strings.Join(words, " "), subject: words[0]}
	if rest, is := strings.CutPrefix(words[0], "js:"); is {
		var both bool
		if i.stream, i.subject, both = strings.Cut(rest, ":"); !both || !isName(i.stream) {
			return i, errors.New("want js:STREAM:SUBJECT")
		}
		i.begin = "new"
		if len(words) == 3 && slices.Contains([]string{"new", "all", "last"}, words[2]) {
			i.begin, words = words[2], words[:2]
		}
	}
	if len(words) > 2 {
		return i, fmt.Errorf("%q has no meaning behind the channel", words[2])
	}
	i.to, err = parseTemplate(i.subject, words[1])
	return i, err
}

// isName tells whether text can be the name of a stream.
func isName(text string) bool { return text != "" && !strings.ContainsAny(text, " .*>/\\\t\r\n") }

func parseExport(text string) (o outward, err error) {
	words := strings.Fields(text)
	if len(words) != 2 {
		return o, errors.New("want CHANNEL SUBJECT")
	}
	o = outward{text: strings.Join(words, " "), pattern: channel.Canonical([]byte(words[0])), prefix: words[1]}
	switch info, err := channel.Check(o.pattern, channel.Limits{}); {
	case err != nil:
		return o, err
	case info.Kind != channel.Broadcast:
		return o, errors.New("meta and service channels stay here")
	}
	if err := checkSubject(o.prefix); err != nil {
		return o, err
	}
	tokens := strings.Split(o.prefix, ".")
	last := tokens[len(tokens)-1]
	if slices.ContainsFunc(tokens[:len(tokens)-1], isWild) {
		return o, errors.New("of the subject only the last token may be a wildcard")
	}
	tail, deep := strings.CutSuffix(words[0], "/**")
	if !deep {
		tail, _ = strings.CutSuffix(words[0], "/*")
	}
	o.parent = len(tail)
	if o.wild = isWild(last); !o.wild {
		return o, nil // all channels to one subject
	}
	if !channel.IsWildcard(o.pattern) || deep != (last == ">") {
		return o, errors.New("the wildcard of the subject must be that of the channel: > for **, * for *")
	}
	o.prefix = strings.TrimSuffix(o.prefix, last)
	return o, nil
}

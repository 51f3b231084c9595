package feeds

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"halley/bayeux/channel"
)

// template makes channels of subjects. What a wildcard of the subject takes becomes what a wildcard of the channel stands for, in
// their order; without one in the channel all messages come to that.
type template struct {
	tokens   []string // of the subject
	segments []string // of the channel
	wild     bool     // the channel has wildcards
}

// mostSubject is how many bytes a subject may have. Whoever sends a longer line than 4,096 is cut off for good.
const mostSubject = 3840

// checkSubject tells whether text is a subject, perhaps with wildcards.
func checkSubject(text string) error {
	if len(text) > mostSubject {
		return fmt.Errorf("a subject has at most %d bytes", mostSubject)
	}
	tokens := strings.Split(text, ".")
	for i, token := range tokens {
		switch {
		case token == "":
			return errors.New("the subject has an empty token")
		case token == ">" && i < len(tokens)-1:
			return errors.New("> stands at the end of a subject alone")
		case !isWild(token) && strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '*' || r == '>' }):
			return fmt.Errorf("%q is no token of a subject", token)
		}
	}
	return nil
}

func isWild(token string) bool { return token == "*" || token == ">" }

// reserved tells whether a first token belongs to NATS itself or to clusters of this program. No wildcard takes such a one, and
// none is made of the name of a channel.
func reserved(token string) bool {
	return strings.HasPrefix(token, "$") || strings.HasPrefix(token, "_") || token == "halley"
}

func parseTemplate(subject, name string) (t template, err error) {
	if err := checkSubject(subject); err != nil {
		return t, err
	}
	if !strings.HasPrefix(name, "/") {
		return t, channel.Error{Kind: channel.FaultSlash}
	}
	name = string(channel.Canonical([]byte(name)))
	t = template{tokens: strings.Split(subject, "."), segments: strings.Split(name[1:], "/")}
	var taken, given []string
	for _, token := range t.tokens {
		if isWild(token) {
			taken = append(taken, token)
		}
	}
	sample := slices.Clone(t.segments)
	for i, segment := range t.segments {
		switch segment {
		case "*":
			given, sample[i] = append(given, "*"), "x"
		case "**":
			given, sample[i] = append(given, ">"), "x"
		}
	}
	switch info, err := channel.Check([]byte("/"+strings.Join(sample, "/")), channel.Limits{}); {
	case err != nil:
		return t, err
	case info.Kind != channel.Broadcast:
		return t, errors.New("nothing comes to meta and service channels")
	case slices.Contains(t.segments[:len(t.segments)-1], "**"):
		return t, errors.New("** stands at the end of a channel alone")
	case len(given) > 0 && !slices.Equal(taken, given):
		return t, errors.New("the wildcards of the channel must be those of the subject, in their order: * for *, ** for >")
	}
	t.wild = len(given) > 0
	return t, nil
}

// covers is a pattern that takes all channels of the template.
func (t *template) covers() string {
	for i, segment := range t.segments {
		if segment == "*" && i < len(t.segments)-1 {
			return "/" + strings.Join(append(slices.Clone(t.segments[:i]), "**"), "/")
		}
	}
	return "/" + strings.Join(t.segments, "/")
}

// foreign tells whether a subject is one that a wildcard must not take.
func (t *template) foreign(subject string) bool {
	if !isWild(t.tokens[0]) {
		return false
	}
	first, _, _ := strings.Cut(subject, ".")
	return reserved(first)
}

// channel appends the channel of a subject, which the template's matches.
func (t *template) channel(dst []byte, subject string) []byte {
	at := 0 // the template's token that subject begins with
	for _, segment := range t.segments {
		dst = append(dst, '/')
		if segment != "*" && segment != "**" {
			dst = append(dst, segment...)
			continue
		}
		for ; !isWild(t.tokens[at]); at++ {
			_, subject, _ = strings.Cut(subject, ".")
		}
		for {
			var token string
			var more bool
			token, subject, more = strings.Cut(subject, ".")
			dst = appendSegment(dst, token)
			if segment == "*" || !more {
				break
			}
			dst = append(dst, '/')
		}
		at++
	}
	return dst
}

// The marks of an escaped byte, which two hexadecimal digits follow: in a token of a subject, and in a segment of a channel.
const (
	inToken   = '%'
	inSegment = '~'
)

const hexDigits = "0123456789ABCDEF"

// appendSegment appends a token as a segment. What an export has escaped is what it was; what no channel may have is escaped.
func appendSegment(dst []byte, token string) []byte {
	for i := 0; i < len(token); i++ {
		c := token[i]
		switch value, is := escaped(token[i:], inToken); {
		case is && mustEscape(value) && channel.Allowed(value):
			dst = append(dst, value)
			i += 2
		case !channel.Allowed(c) || c == inSegment && isEscape(token[i:]):
			dst = append(dst, inSegment, hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func isEscape(text string) bool {
	_, is := escaped(text, inSegment)
	return is
}

// escaped is the byte that text begins with the escape of.
func escaped(text string, mark byte) (c byte, is bool) {
	if len(text) < 3 || text[0] != mark {
		return 0, false
	}
	high, low := strings.IndexByte(hexDigits, text[1]), strings.IndexByte(hexDigits, text[2])
	return byte(high<<4 | low), high >= 0 && low >= 0
}

// mustEscape tells whether no token may have c.
func mustEscape(c byte) bool {
	return c <= ' ' || c > '~' || c == '.' || c == '*' || c == '>' || c == inToken
}

// subject appends the subject of a channel, which the export's pattern matches. It fails for one that would be another's.
func (o *outward) subject(dst, name []byte) ([]byte, bool) {
	dst = append(dst, o.prefix...)
	if !o.wild {
		return dst, true
	}
	rest := name[o.parent+1:]
	if first, _, _ := bytes.Cut(rest, []byte{'/'}); o.prefix == "" && reserved(string(first)) {
		return dst, false
	}
	for _, c := range rest {
		switch {
		case c == '/':
			dst = append(dst, '.')
		case mustEscape(c):
			dst = append(dst, inToken, hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst, len(dst) <= mostSubject
}

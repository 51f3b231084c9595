// Proved by TestChannels and TestSubjectsDoNotWiden.

package token

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"halley/bayeux"
	"halley/bayeux/channel"
	"halley/loop/access/lettered"
)

// rights are what a token allows, as text that is kept with a session: lines of a letter and a value.
//
//	u  the subject
//	e  when the token is good no more, in milliseconds since 1970
//	w  the number of the websocket on which it was shown, of a session that is bound to its token
//	s  a pattern that may be subscribed to
//	p  a pattern that may be published to
type rights string

// maxRights leaves room for what other authorities keep with a session.
const maxRights = bayeux.MaxClaims - 1024

var (
	errControl  = errors.New("the subject has control characters")
	errPatterns = errors.New("too many patterns")
)

// newRights writes what a token with such claims allows.
func newRights(subject string, expires int64, subscribe, publish []string) (rights, error) {
	if strings.ContainsFunc(subject, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return "", errControl
	}
	text := lettered.Lines("").Append('u', subject).Append('e', strconv.FormatInt(expires, 10))
	text, err := appendPatterns(text, 's', subscribe, subject)
	if err == nil {
		text, err = appendPatterns(text, 'p', publish, subject)
	}
	return rights(text), err
}

// appendPatterns appends those patterns that are of the subject, each with the letter.
func appendPatterns(text lettered.Lines, letter byte, patterns []string, subject string) (lettered.Lines, error) {
	for _, p := range patterns {
		p, is := withSubject(p, subject)
		if !is {
			continue
		}
		if _, err := channel.Check([]byte(p), channel.Limits{}); err != nil || strings.HasSuffix(p, "/") {
			return "", fmt.Errorf("pattern %q: %w", p, errors.Join(err))
		}
		if text = text.Append(letter, p); len(text) > maxRights {
			return "", errPatterns
		}
	}
	return text, nil
}

const placeholder = "{sub}"

// withSubject puts the subject where a pattern wants it. There is no such pattern for nobody.
func withSubject(pattern, subject string) (text string, is bool) {
	if !strings.Contains(pattern, placeholder) {
		return pattern, true
	}
	return strings.ReplaceAll(pattern, placeholder, Escape(subject)), subject != ""
}

// Escape writes a subject as a part of a channel name, different ones differently: what is no letter, digit, '-', '_',
// '.' or '@' becomes ~XX, a byte in hexadecimal.
func Escape(subject string) string {
	var b strings.Builder
	for _, c := range []byte(subject) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '@':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "~%02X", c)
		}
	}
	return b.String()
}

// number is that of the line with a letter, 0 if there is none.
func (r rights) number(letter byte) int64 { return lettered.Lines(r).Int(letter) }

// subject is whose token it was.
func (r rights) subject() string { return lettered.Lines(r).First('u') }

// on is r of a token that was shown on a websocket.
func (r rights) on(socket uint64) rights {
	if socket == 0 {
		return r
	}
	return rights("w"+strconv.FormatUint(socket, 10)+"\n") + r
}

// allow tells whether each of asked, names or patterns, is covered by a pattern of the lines with a letter.
func (r rights) allow(letter byte, asked [][]byte) bool {
	return lettered.Lines(r).Cover(letter, asked)
}

// Subject is whose token a session has shown, by what is kept with the session.
func Subject(claims string) string { return rights(claims).subject() }

// trimmed is text without white space around it.
func trimmed(text []byte) []byte { return bytes.TrimSpace(text) }

// Proved by TestAnswers and TestFailures.

package hook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"halley/bayeux"
	"halley/bayeux/channel"
	"halley/bayeux/message"
	"halley/bayeux/reply"
)

// The limits of an answer.
const (
	maxAnswer   = 64 << 10
	maxDepth    = 16
	maxSubject  = 256
	maxPatterns = 100
	maxKept     = time.Hour      // however long an answer may be kept
	maxExpires  = 30 * 24 * 3600 // seconds
	maxInterval = time.Hour
)

// answer is what comes back.
type answer struct {
	Allow     *bool           `json:"allow"`
	Reason    string          `json:"reason"`
	Subject   string          `json:"subject"`
	Claims    json.RawMessage `json:"claims"`
	Subscribe []string        `json:"subscribe"`
	Publish   []string        `json:"publish"`
	ExpiresIn float64         `json:"expiresIn"` // seconds
	Advice    *struct {
		Reconnect string `json:"reconnect"`
		Interval  int64  `json:"interval"`
	} `json:"advice"`
}

// verdictOf reads an answer: an object of JSON, or nothing beside a status of 200 or 403.
func verdictOf(status int, body []byte, now time.Time) (v bayeux.Verdict, err error) {
	var a answer
	body = bytes.TrimSpace(body)
	if len(body) > 0 {
		if err := message.Valid(body, maxDepth); err != nil || body[0] != '{' {
			return v, errors.New("its answer is no JSON object")
		}
		if doubled(body) {
			return v, errors.New("its answer has a field twice")
		}
		if err := json.Unmarshal(body, &a); err != nil {
			return v, fmt.Errorf("its answer: %w", err)
		}
	}
	switch {
	case status == http.StatusForbidden:
		a.Allow = new(bool) // whatever it says
	case len(body) == 0:
		return v, nil
	case a.Allow == nil:
		return v, errors.New(`its answer has no "allow"`)
	}
	if v, err = a.ruling(); err != nil || v.Ruling == bayeux.Deny {
		return v, err
	}
	return a.given(v, now)
}

// doubled tells whether an object has a field twice, which readers take differently. Ours takes names in any case.
func doubled(object []byte) (twice bool) {
	seen := make(map[string]bool)
	message.Each(object, func(key, _ []byte) bool {
		name := strings.ToLower(string(key))
		twice = twice || seen[name]
		seen[name] = true
		return !twice
	})
	return twice
}

// ruling is the yes or no of an answer, with reason and advice.
func (a *answer) ruling() (v bayeux.Verdict, err error) {
	if !*a.Allow {
		v.Ruling, v.Reason = bayeux.Deny, a.Reason
	}
	if a.Advice == nil {
		return v, nil
	}
	reconnect, known := map[string]reply.Reconnect{"retry": reply.Retry, "handshake": reply.Handshake, "none": reply.None}[a.Advice.Reconnect]
	if !known || a.Advice.Interval < 0 || a.Advice.Interval > maxInterval.Milliseconds() {
		return v, errors.New(`its answer's "advice": want reconnect retry, handshake or none, and an interval in milliseconds`)
	}
	v.Advice = reply.Advice{Reconnect: reconnect, Interval: a.Advice.Interval}
	return v, nil
}

// given adds what an allowing answer gives the session.
func (a *answer) given(v bayeux.Verdict, now time.Time) (bayeux.Verdict, error) {
	var g grants
	if len(a.Subject) > maxSubject || strings.ContainsFunc(a.Subject, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return v, fmt.Errorf(`its answer's "subject": want at most %d bytes without control characters`, maxSubject)
	}
	if a.Subject != "" {
		g = g.append(ofSubject, a.Subject)
	}
	if len(a.Claims) > 0 && string(a.Claims) != "null" {
		var flat bytes.Buffer
		if err := json.Compact(&flat, a.Claims); err != nil {
			return v, err
		}
		g = g.append(ofClaims, flat.String())
	}
	for _, p := range append(a.Subscribe[:len(a.Subscribe):len(a.Subscribe)], a.Publish...) {
		if _, err := channel.Check([]byte(p), channel.Limits{}); err != nil || strings.HasSuffix(p, "/") {
			return v, fmt.Errorf("its answer's pattern %.60q is none", p)
		}
	}
	if len(a.Subscribe) > maxPatterns || len(a.Publish) > maxPatterns {
		return v, fmt.Errorf("its answer has more than %d patterns", maxPatterns)
	}
	g = g.list(ofSubscribe, a.Subscribe).list(ofPublish, a.Publish)
	if a.ExpiresIn < 0 || a.ExpiresIn > maxExpires {
		return v, fmt.Errorf(`its answer's "expiresIn": want 0 to %d seconds`, maxExpires)
	}
	if a.ExpiresIn > 0 {
		v.Expiry = now.Add(time.Duration(a.ExpiresIn * float64(time.Second))).UnixMilli()
		g = g.append(ofExpiry, strconv.FormatInt(v.Expiry, 10))
	}
	if len(g) > bayeux.MaxClaims {
		return v, fmt.Errorf("its answer gives a session more than %d bytes", bayeux.MaxClaims)
	}
	v.Claims = string(g)
	return v, nil
}

// keeping is how long an answer may be kept (RFC 9111, 5.2.2).
func keeping(header http.Header) time.Duration {
	age := time.Duration(0)
	for directive := range strings.SplitSeq(strings.Join(header.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			seconds, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 64)
			if err != nil || seconds < 0 {
				return 0
			}
			age = time.Duration(min(seconds, int64(maxKept/time.Second))) * time.Second
		}
	}
	return age
}

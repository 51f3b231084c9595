// Proved by TestWhereTokensAre.

package token

import (
	"strings"

	"halley/bayeux"
	"halley/bayeux/message"
	"halley/httpparse"
)

// Refresh is the channel to which a client publishes {"token":…} to go on with a fresh token.
const Refresh = "/service/auth"

// shown is a token as a question brings it.
type shown struct {
	text string // empty: there is none
	own  bool   // the message brings it, not the request's header: who sent it means it
}

// show finds the token of a question: what is published to Refresh, then the message's ext, then
// the header Authorization, then the cookie.
func show(q *bayeux.Question, cookie string) shown {
	if q.Operation == bayeux.OpPublish && string(q.Channel) == Refresh {
		return shown{text(message.Get(q.Data, "token")), true}
	}
	if raw := message.Get(message.Get(q.Ext, "auth"), "token"); raw != nil {
		return shown{text(raw), true}
	}
	if q.Caller == nil {
		return shown{}
	}
	for _, f := range q.Caller.Fields {
		if strings.EqualFold(f.Name, "Authorization") {
			if t := credentials(f.Value); t != "" {
				return shown{t, false}
			}
		}
	}
	for _, f := range q.Caller.Fields {
		if cookie != "" && strings.EqualFold(f.Name, "Cookie") {
			if t := httpparse.Cookie([]byte(f.Value), cookie); len(t) > 0 {
				return shown{string(t), false}
			}
		}
	}
	return shown{}
}

// text is what a JSON string says; what is no string is told by a text that is no token.
func text(raw []byte) (t string) {
	if len(raw) == 0 || raw[0] != '"' {
		return string(raw)
	}
	message.Strings(raw, func(s []byte) bool {
		t = string(s)
		return true
	})
	return t
}

// credentials are the token of an Authorization header: Bearer, or OAuth as Salesforce's clients say.
func credentials(value string) string {
	scheme, rest, _ := strings.Cut(value, " ")
	if strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "OAuth") {
		return strings.TrimSpace(rest)
	}
	return ""
}

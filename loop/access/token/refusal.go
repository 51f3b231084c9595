// Proved by TestRefusals and TestAdvice.

package token

import (
	"halley/bayeux"
	"halley/bayeux/reply"
)

// Refusal is why a token does not do, in a word.
type Refusal uint8

// The refusals. fine is none.
const (
	fine           Refusal = iota
	noToken                // there is no token where one is needed
	malformed              // it is no JWT
	wrongAlgorithm         // its algorithm is none of those for its key, or not allowed
	unknownKey             // no key has its name
	wrongSignature         // its key has not signed it
	wrongIssuer            // somebody else has issued it
	wrongAudience          // it is for somebody else
	notYet                 // it is good later
	expired                // it was good once
	noExpiry               // it would be good for ever
	wrongClaims            // its claims are not as they have to be
	wrongSubject           // it is another client's than the session
	wrongChannel           // its claims do not name the channel
	unavailable            // the keys cannot be had, or too many tokens wait for their turn
	refusals
)

// String is the word, without the token_ that clients see before it.
func (r Refusal) String() string {
	return [refusals]string{"none", "missing", "malformed", "algorithm", "key", "signature", "issuer", "audience", "not_yet", "expired",
		"no_expiry", "claims", "subject", "channel", "unavailable"}[r]
}

// Milliseconds that clients are told to wait.
const (
	soon = 5_000  // before they come with a fresh token
	long = 30_000 // before they come with one that another will hardly replace
)

// verdict denies for that reason. A client that shakes hands, or connects with another token, is told what to do: another
// token can cure most reasons, so it comes again after a while, and stops where it has none or one that will never do.
func (r Refusal) verdict(o bayeux.Operation) bayeux.Verdict {
	v := bayeux.Verdict{Ruling: bayeux.Deny, Reason: "token_" + r.String()}
	if o != bayeux.OpHandshake && o != bayeux.OpUse {
		return v // the session goes on
	}
	switch r {
	case expired, notYet, unavailable:
		v.Advice = reply.Advice{Reconnect: reply.Handshake, Interval: soon}
	case wrongSignature, unknownKey:
		v.Advice = reply.Advice{Reconnect: reply.Handshake, Interval: long}
	default:
		v.Advice = reply.Advice{Reconnect: reply.None}
	}
	return v
}

package reply

import (
	"strconv"
	"strings"
)

// Code is the value of a reply's error field: code, arguments and text
// (Bayeux 1.0, 3.13). The zero value is success.
type Code struct {
	Code       int
	Args, Text string
}

// All codes that clients are told, by number. SalesforceUnknown and SalesforceDenied take
// the place of SessionUnknown and HandshakeDenied where clients of Salesforce's streaming
// expect them.
var (
	Success             = Code{}
	TypesUnsupported    = Code{301, "", "connection_types_unsupported"}
	ChannelMissing      = Code{400, "", "channel_missing"}
	FieldInvalid        = Code{400, "", "field_invalid"}
	ReplayInvalid       = Code{400, "", "replay_invalid"}
	ConflateInvalid     = Code{400, "", "conflate_invalid"}
	AdviceInvalid       = Code{400, "", "advice_invalid"}
	AckInvalid          = Code{400, "", "ack_invalid"}
	FilterInvalid       = Code{400, "", "The filter is invalid: want /topic/NAME?Field='value'&Other=value, with up to 10 conditions"}
	FilterOther         = Code{400, "", "The topic has another filter in this session: unsubscribe first"}
	Unauthenticated     = Code{401, "", "Authentication invalid"}
	SessionUnknown      = Code{402, "", "session_unknown"}
	SalesforceUnknown   = Code{403, "", "Unknown client"}
	AuthorityExpired    = Code{403, "", "authorization_expired"}
	HandshakeDenied     = Code{403, "", "handshake_denied"}
	SalesforceDenied    = Code{403, "", "Handshake denied"}
	SubscriptionMissing = Code{403, "", "subscription_missing"}
	SubscriptionInvalid = Code{403, "", "subscription_invalid"}
	SubscriptionsFull   = Code{403, "", "too_many_subscriptions"}
	SubscribeMeta       = Code{403, "denied_by_security_policy", "subscribe_denied"}
	SubscribeDenied     = Code{403, "denied_by_rule", "subscribe_denied"}
	UnsubscribeFailed   = Code{403, "", "unsubscribe_failed"}
	MetaUnknown         = Code{403, "denied_by_security_policy", "channel_create_denied"}
	PublishDenied       = Code{403, "denied_by_rule", "publish_denied"}
	ChannelInvalid      = Code{405, "", "channel_invalid"}
	MessageIDInvalid    = Code{405, "", "message_id_invalid"}
	HandshakesDamped    = Code{429, "", "too_many_handshakes"}
	NotStored           = Code{500, "", "history_not_written"}
	SessionsFull        = Code{503, "", "too_many_sessions"}
	Congested           = Code{503, "", "server_busy"}
	WildcardsFull       = Code{503, "", "too_many_wildcards"}
	NodeGone            = Code{503, "", "node_gone"}
	QuestionsFull       = Code{503, "", "too_many_pending_decisions"}
)

// Failed tells whether c is an error.
func (c Code) Failed() bool { return c != Success }

// String is c as it is sent, with colons between its parts; empty for success.
func (c Code) String() string {
	if !c.Failed() {
		return ""
	}
	return strconv.Itoa(c.Code) + ":" + c.Args + ":" + c.Text
}

// Parse reads a code as String writes it. A text that is none becomes one of code 500.
func Parse(text string) Code {
	if text == "" {
		return Code{}
	}
	code, rest, _ := strings.Cut(text, ":")
	args, told, whole := strings.Cut(rest, ":")
	n, err := strconv.Atoi(code)
	if err != nil || !whole {
		return Code{500, "", text}
	}
	return Code{n, args, told}
}

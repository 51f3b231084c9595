package bayeux

import (
	"halley/bayeux/event"
	"halley/bayeux/message"
)

// The values of the error field: code, arguments and text with colons between
// (Bayeux 1.0, section 3.8).
const (
	errChannelMissing      = "400::channel_missing"
	errChannelInvalid      = "405::channel_invalid"
	errMessageIDInvalid    = "405::message_id_invalid"
	errFieldInvalid        = "400::field_invalid"
	errSessionUnknown      = "402::session_unknown"
	errClientUnknown       = "403::Unknown client" // what Salesforce says instead
	errHandshakeRefused    = "403::Handshake denied"
	errUnauthenticated     = "401::Authentication invalid"
	errHandshakesDamped    = "429::too_many_handshakes"
	errSessionsFull        = "503::too_many_sessions"
	errHandshakeDenied     = "403::handshake_denied"
	errNoConnectionType    = "301::connection_types_unsupported"
	errSubscriptionMissing = "403::subscription_missing"
	errSubscriptionInvalid = "403::subscription_invalid"
	errSubscriptionsFull   = "403::too_many_subscriptions"
	errSubscribeMeta       = "403:denied_by_security_policy:subscribe_denied"
	errSubscribeDenied     = "403:denied_by_rule:subscribe_denied"
	errReplayInvalid       = "400::replay_invalid"
	errConflateInvalid     = "400::conflate_invalid"
	errAdviceInvalid       = "400::advice_invalid"
	errAckInvalid          = "400::ack_invalid"
	errUnsubscribeFailed   = "403::unsubscribe_failed"
	errMetaUnknown         = "403:denied_by_security_policy:channel_create_denied"
	errPublishDenied       = "403:denied_by_rule:publish_denied"
	errCongested           = "503::server_busy"
	errAsksFull            = "503::too_many_pending_decisions"
)

// The five meta channels.
const (
	metaHandshake   = "/meta/handshake"
	metaConnect     = "/meta/connect"
	metaSubscribe   = "/meta/subscribe"
	metaUnsubscribe = "/meta/unsubscribe"
	metaDisconnect  = "/meta/disconnect"
)

// sessionUnknown is the error for a session that there is not.
func (s *Server) sessionUnknown() string {
	if s.cfg.Salesforce {
		return errClientUnknown
	}
	return errSessionUnknown
}

// appendReply appends the fields that every reply has and leaves the object
// open. An empty failure means success. A message without a channel has a reply
// without one.
func (s *Server) appendReply(dst []byte, now int64, channel, id []byte, failure string) []byte {
	dst = append(dst, '{')
	if len(channel) > 0 {
		dst = append(message.AppendString(append(dst, `"channel":`...), channel), ',')
	}
	if failure == "" {
		dst = append(dst, `"successful":true`...)
	} else {
		dst = append(dst, `"successful":false,"error":`...)
		dst = message.AppendString(dst, []byte(failure))
	}
	if id != nil {
		dst = append(append(dst, `,"id":`...), id...)
	}
	if s.cfg.Timestamp {
		dst = event.AppendTimestamp(dst, now)
	}
	return dst
}

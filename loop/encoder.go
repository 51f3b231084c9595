package loop

// Proved by TestMessagesPerFrame, TestEventsWithoutBayeux and TestStreamAllocations.

import (
	"halley/bayeux"
	"halley/bayeux/connectiontype"
	"halley/bayeux/event"
	"halley/httpparse/websocket"
)

// encoder gives the events of a Deliver the form of their stream.
type encoder struct {
	perFrame int    // messages in one frame of a websocket, at most; 0 for any number
	text     []byte // of the last Deliver
	frame    []byte // messages of one frame
}

// encode is what the events of e are on their stream, valid until the next call.
func (x *encoder) encode(fx *bayeux.Effects, e *bayeux.Effect) []byte {
	switch dst := x.text[:0]; {
	case e.Type == bayeux.WebSocket:
		x.text = x.appendFrames(dst, fx, e)
	case e.Anonymous:
		x.text = appendEvents(dst, fx, e)
	default:
		x.text = formatOf(e.Type).Append(dst, fx.Messages(e))
	}
	return x.text
}

// appendEvents appends them for a client that speaks no Bayeux. One that has lost some is told so first.
func appendEvents(dst []byte, fx *bayeux.Effects, e *bayeux.Effect) []byte {
	name := ""
	if e.Gap {
		name = "gap"
	}
	fx.Each(e, func(message []byte) {
		id := int64(0)
		if name == "" {
			id = event.ID(message)
		}
		dst = connectiontype.AppendEvent(dst, name, id, message)
		name = ""
	})
	return dst
}

// appendFrames appends them for a websocket: all in one frame, or as many in each as are configured.
func (x *encoder) appendFrames(dst []byte, fx *bayeux.Effects, e *bayeux.Effect) []byte {
	if x.perFrame == 0 {
		return appendArrayFrame(dst, fx.Messages(e))
	}
	n, frame := 0, x.frame[:0]
	fx.Each(e, func(message []byte) {
		if n > 0 {
			frame = append(frame, ',')
		}
		frame = append(frame, message...)
		if n++; n == x.perFrame {
			dst = appendArrayFrame(dst, frame)
			n, frame = 0, frame[:0]
		}
	})
	if n > 0 {
		dst = appendArrayFrame(dst, frame)
	}
	x.frame = frame
	return dst
}

// appendArrayFrame appends a text frame with the array of messages.
func appendArrayFrame(dst, messages []byte) []byte {
	dst = websocket.AppendHeader(dst, websocket.Header{Fin: true, Opcode: websocket.OpText, Length: int64(len(messages) + len("[]"))})
	dst = append(append(dst, '['), messages...)
	return append(dst, ']')
}

// formats are the streaming connection types whose stream is an HTTP response.
func formatOf(kind bayeux.ConnectionType) *connectiontype.Stream {
	switch kind {
	case bayeux.EventSource:
		return &connectiontype.EventSource
	case bayeux.Iframe:
		return &connectiontype.Iframe
	case bayeux.MimeMessageBlock:
		return &connectiontype.MimeMessageBlock
	}
	return &connectiontype.XHRStreaming
}

// Package channel knows Bayeux channel names and patterns, and who is subscribed to which.
//
// It is bytes and integers only: no clock, no I/O, no locks. A Table belongs to one goroutine.
package channel

import "bytes"

// Kind is what a channel is for (Bayeux 1.0, 2.2).
type Kind uint8

// The kinds of channels, told by the first segment of the name.
const (
	Broadcast Kind = iota // any other first segment: what is published reaches every subscriber
	Meta                  // /meta/…: the protocol's own messages
	Service               // /service/…: between one session and the server, never broadcast
)

// Presence is before the name of a channel where it is told who subscribes to it, if a rule wants that.
const Presence = "/presence"

// Limits bounds channel names. A zero field is no limit.
type Limits struct {
	// MaxLength are the bytes of the canonical name.
	MaxLength   int `name:"max-channel-length" type:"size" group:"limits" default:"256" min:"16" max:"4KiB" help:"Length of a channel name in bytes."`
	MaxSegments int `name:"max-channel-depth" group:"limits" default:"16" min:"2" max:"256" help:"Segments of a channel name."`
}

// Info is what Check found out about a name.
type Info struct {
	Kind     Kind
	Wildcard bool // the last segment is * or **
	Deep     bool // the last segment is **
	Segments int
}

// Fault says what is wrong with a channel name.
type Fault uint8

// The faults that Check can find.
const (
	FaultSlash     Fault = iota + 1 // does not begin with a slash, or is nothing but one
	FaultLength                     // longer than Limits.MaxLength
	FaultSegments                   // more segments than Limits.MaxSegments
	FaultCharacter                  // a byte outside the grammar
	FaultEmpty                      // an empty segment
	FaultWildcard                   // * or ** as a segment other than the last
)

var faultTexts = [...]string{
	FaultSlash:     "channel does not begin with a slash and a segment",
	FaultLength:    "channel is too long",
	FaultSegments:  "channel has too many segments",
	FaultCharacter: "channel has a character that is not allowed",
	FaultEmpty:     "channel has an empty segment",
	FaultWildcard:  "channel has a wildcard before its last segment",
}

// Error is the error of Check.
type Error struct{ Kind Fault }

// Error says in words what is wrong with the name.
func (e Error) Error() string { return faultTexts[e.Kind] }

// allowed marks the bytes of a segment: the union of what CometD and Faye clients send (Bayeux 1.0, 2.1 allows fewer).
var allowed = func() (set [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !#$()*+-.@_{~}") {
		set[c] = true
	}
	return set
}()

// Allowed tells whether a segment may have the byte c.
func Allowed(c byte) bool { return allowed[c] }

// Canonical is the name without the one trailing slash that clients may send: "/a/" is the channel "/a". The result is a
// part of name.
func Canonical(name []byte) []byte {
	if n := len(name) - 1; n > 0 && name[n] == '/' {
		return name[:n]
	}
	return name
}

// Check tells what a channel name or pattern is, or an Error. It judges the canonical name.
func Check(name []byte, l Limits) (Info, error) {
	name = Canonical(name)
	switch {
	case len(name) < 2 || name[0] != '/':
		return Info{}, Error{FaultSlash}
	case l.MaxLength > 0 && len(name) > l.MaxLength:
		return Info{}, Error{FaultLength}
	}
	info := Info{Kind: kindOf(name)}
	for rest, more := name[1:], true; more; {
		if info.Wildcard {
			return Info{}, Error{FaultWildcard}
		}
		var segment []byte
		segment, rest, more = bytes.Cut(rest, slash)
		if fault := checkSegment(segment); fault != 0 {
			return Info{}, Error{fault}
		}
		info.Segments++
		info.Deep = string(segment) == "**"
		info.Wildcard = info.Deep || string(segment) == "*"
	}
	if l.MaxSegments > 0 && info.Segments > l.MaxSegments {
		return Info{}, Error{FaultSegments}
	}
	return info, nil
}

var slash = []byte("/")

func checkSegment(segment []byte) Fault {
	if len(segment) == 0 {
		return FaultEmpty
	}
	for _, c := range segment {
		if !allowed[c] {
			return FaultCharacter
		}
	}
	return 0
}

// kindOf tells the kind by the first segment; a bare /meta is as reserved as what is below it.
func kindOf(name []byte) Kind {
	first, _, _ := bytes.Cut(name[1:], slash)
	switch string(first) {
	case "meta":
		return Meta
	case "service":
		return Service
	}
	return Broadcast
}

package client

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/goccy/go-json"
)

// Servers have several words for a session that they do not know; a 403 that refuses something else is none.
func TestIsLost(t *testing.T) {
	for _, c := range []struct {
		err  error
		lost bool
	}{
		{&BayeuxError{Code: 401, Text: "Unknown client"}, true},
		{&BayeuxError{Code: 402}, true},
		{&BayeuxError{Code: 403, Text: "Unknown client"}, true},
		{&BayeuxError{Code: 403, Text: "unknown CLIENT"}, true},
		{&BayeuxError{Code: 403, Text: "forbidden"}, false},
		{&BayeuxError{Code: 404, Text: "unknown client"}, false},
		{fmt.Errorf("connect: %w", &BayeuxError{Code: 402}), true},
		{errors.New("402"), false},
		{nil, false},
	} {
		if isLost(c.err) != c.lost {
			t.Errorf("%v: %v", c.err, !c.lost)
		}
	}
}

// What was dropped is told by channel, in order.
func TestDropped(t *testing.T) {
	for ext, want := range map[string]map[string]uint64{
		``:                                    nil,
		`{"ack":1}`:                           nil,
		`{"dropped":{}}`:                      nil,
		`{"dropped":"no"}`:                    nil,
		`{"ack":1,"dropped":{"/b":2,"/a":1}}`: {"/a": 1, "/b": 2},
	} {
		got := dropped(json.RawMessage(ext))
		if want == nil {
			if got != nil {
				t.Errorf("%s: %v", ext, got)
			}
			continue
		}
		if got == nil || !reflect.DeepEqual(got.Channels, want) {
			t.Errorf("%s: %v", ext, got)
		}
	}
}

// The texts of errors name what they are about, and a refused subscription can be unwrapped.
func TestErrorTexts(t *testing.T) {
	refusal := &BayeuxError{Code: 403, Text: "subscribe_denied"}
	refused := &SubscriptionError{Pattern: "/a/*", Err: refusal}
	for want, err := range map[string]error{
		"client: the server dropped messages":              &DroppedError{},
		"client: the server dropped messages: /a 1 /b 2":   &DroppedError{map[string]uint64{"/b": 2, "/a": 1}},
		fmt.Sprintf("client: subscribe /a/*: %v", refusal): refused,
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err.Error(), want)
		}
	}
	if !errors.Is(refused, refusal) {
		t.Error("the refusal is not what was refused")
	}
}

package reply

import (
	"strings"
	"testing"
)

// A code is sent in its three parts, and read again as it was.
func TestCodes(t *testing.T) {
	for _, tt := range []struct {
		code Code
		text string
	}{
		{Success, ""},
		{SessionUnknown, "402::session_unknown"},
		{PublishDenied, "403:denied_by_rule:publish_denied"},
		{Code{400, "", "The replayId {5} was: invalid"}, "400::The replayId {5} was: invalid"},
		{Code{503, "a,b", ""}, "503:a,b:"},
	} {
		if got := tt.code.String(); got != tt.text || tt.code.Failed() != (tt.text != "") {
			t.Errorf("%+v is sent as %q, failed %t", tt.code, got, tt.code.Failed())
		}
		if got := Parse(tt.text); got != tt.code {
			t.Errorf("%q is read as %+v", tt.text, got)
		}
	}
}

// A text that is no code is told all the same, as a fault of the server.
func TestTextThatIsNoCode(t *testing.T) {
	for _, text := range []string{"disk full", "a:b:c", "503", "503:x", ":", "::"} {
		if got := Parse(text); !got.Failed() || got.Code != 500 || !strings.HasSuffix(got.String(), text) {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

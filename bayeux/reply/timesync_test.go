package reply

import "testing"

// The answer tells when the message came and how long it was held, and a client that
// knows its lag how wrong it is. One that is near enough is told nothing.
func TestTimesync(t *testing.T) {
	for _, tt := range []struct{ ext, want string }{
		{``, `none`},
		{`{"timesync":{"l":1}}`, `none`},
		{`{"timesync":{"tc":"x"}}`, `none`},
		{`{"timesync":{"tc":900}}`, `{"a":1,"ext":{"timesync":{"tc":900,"ts":1000,"p":50}}}`},
		{`{"timesync":{"tc":900,"l":0,"o":100}}`, `{"a":1,"ext":{"timesync":{"tc":900,"ts":1000,"p":50,"a":0}}}`},
		{`{"timesync":{"tc":900,"l":10,"o":60}}`, `{"a":1,"ext":{"timesync":{"tc":900,"ts":1000,"p":50,"a":-30}}}`},
		{`{"timesync":{"tc":900,"l":10,"o":115}}`, `{"a":1,"ext":{"timesync":{"tc":900,"ts":1000,"p":50,"a":25}}}`},
		{`{"timesync":{"tc":900,"l":10,"o":114}}`, `{"a":1}`},
		{`{"timesync":{"tc":900,"l":10,"o":66}}`, `{"a":1}`},
	} {
		sync, ok := ReadTimesync(1000, []byte(tt.ext))
		if ok == (tt.want == "none") {
			t.Errorf("%s: read %t", tt.ext, ok)
		}
		if ok {
			e := Ext{Dst: []byte(`{"a":1`)}
			sync.Append(&e, 1050)
			checked(t, e.End(), tt.want)
		}
	}
}

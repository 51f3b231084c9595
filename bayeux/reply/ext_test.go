package reply

import "testing"

func TestExtensions(t *testing.T) {
	for want, add := range map[string]func(e *Ext){
		`{"a":1}`:                          func(*Ext) {},
		`{"a":1,"ext":{"ack":true}}`:       func(e *Ext) { e.TurnOn("ack") },
		`{"a":1,"ext":{"ack":4000000000}}`: func(e *Ext) { e.Ack(4_000_000_000) },
		`{"a":1,"ext":{"ack":1,"dropped":{"*":7,"/\"":2,"/a":1}}}`: func(e *Ext) {
			e.Ack(1)
			e.Dropped(map[string]uint64{"/a": 1, `/"`: 2, "*": 7})
		},
		`{"a":1,"ext":{"auth":{"expiresIn":5000}}}`:                 func(e *Ext) { e.Lasts(5000) },
		`{"a":1,"ext":{"replay":true,"halley":{"maxMessage":512}}}`: func(e *Ext) { e.TurnOn("replay"); e.About(About{MaxMessage: 512}) },
		`{"a":1,"ext":{"halley":{"maxMessage":1,"node":"f"}}}`:      func(e *Ext) { e.About(About{1, "f"}) },
		`{"a":1,"ext":{"halley":{"node":"f"}}}`:                     func(e *Ext) { e.About(About{Node: "f"}) },
		`{"a":1,"ext":{"sfdc":{"failureReason":"401::Authentication invalid"},"payload.format":true}}`: func(e *Ext) {
			e.Denied(Unauthenticated)
			e.TurnOn("payload.format")
		},
	} {
		e := Ext{Dst: []byte(`{"a":1`)}
		add(&e)
		checked(t, e.End(), want)
	}
}

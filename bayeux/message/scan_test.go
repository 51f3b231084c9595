package message

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func scan(body string) ([]Message, error) {
	s := Scanner{MaxDepth: testDepth, MaxMessages: 4}
	var b Batch
	err := s.Scan([]byte(body), &b)
	return b.Messages, err
}

// describe writes the fields that m has: decoded ones in Go's quotes, JSON ones as they are.
func describe(m *Message) string {
	var parts []string
	for _, f := range []struct {
		name  string
		value []byte
	}{{"channel", m.Channel}, {"clientId", m.ClientID}, {"connectionType", m.ConnectionType}} {
		if f.value != nil {
			parts = append(parts, fmt.Sprintf("%s=%+q", f.name, f.value))
		}
	}
	for _, f := range []struct {
		name  string
		value []byte
	}{
		{"id", m.ID}, {"data", m.Data}, {"ext", m.Ext}, {"advice", m.Advice}, {"subscription", m.Subscription},
		{"version", m.Version}, {"minimumVersion", m.MinimumVersion}, {"supportedConnectionTypes", m.SupportedConnectionTypes},
	} {
		if f.value != nil {
			parts = append(parts, f.name+"="+string(f.value))
		}
	}
	for i, name := range fieldNames {
		if m.Wrong&(1<<i) != 0 {
			parts = append(parts, "wrong "+name)
		}
	}
	return strings.Join(parts, " ")
}

func TestScan(t *testing.T) {
	for _, r := range []struct{ name, in, want string }{
		{"empty batch", `[]`, ``},
		{"empty batch, spaced", " [ \n] ", ``},
		{"single object", `{"channel":"/a"}`, `channel="/a"`},
		{"empty object", `[{}]`, ``},
		{"two", `[{"channel":"/a"},{"channel":"/b"}]`, `channel="/a" | channel="/b"`},
		{"white space", " [ { \"channel\" : \"/a\" ,\r\n\t\"data\" : [ 1 , 2 ] } , { } ] \n", `channel="/a" data=[ 1 , 2 ] | `},
		{
			"all fields",
			`{"channel":"/c","clientId":"x","connectionType":"long-polling","id":"1","data":1,"ext":{},"advice":{},` +
				`"subscription":["/s"],"version":"1.0","minimumVersion":"0.9","supportedConnectionTypes":["websocket"]}`,
			`channel="/c" clientId="x" connectionType="long-polling" id="1" data=1 ext={} advice={} subscription=["/s"] ` +
				`version="1.0" minimumVersion="0.9" supportedConnectionTypes=["websocket"]`,
		},
		{"PHP", `[{"channel":"\/meta\/handshake"}]`, `channel="/meta/handshake"`},
		{"escape in a key", `[{"\u0063hannel":"/a","cl\u0069entId":"b"}]`, `channel="/a" clientId="b"`},
		{"escapes in strings", `{"channel":"\u002fgr\u00fc\u00df","clientId":"\"\\\/\b\f\n\r\t"}`, `channel="/gr\u00fc\u00df" clientId="\"\\/\b\f\n\r\t"`},
		{"pair", `{"clientId":"\ud83d\ude00"}`, `clientId="\U0001f600"`},
		{"lone surrogates", `{"channel":"/\ud800","clientId":"\udc00x\ud800\u0041"}`, `channel="/\ufffd" clientId="\ufffdx\ufffdA"`},
		{"lone surrogate in data", `{"data":"\uD800"}`, `data="\uD800"`},
		{"numbers as sent", `{"data":[12345678901234567890,1.10,1e3,-0]}`, `data=[12345678901234567890,1.10,1e3,-0]`},
		{"null is an empty batch", ` null `, ``},
		{"null is absent", `{"channel":null,"clientId":null,"id":null,"ext":null,"advice":null,"subscription":null}`, ``},
		{"null is data", `{"data":null}`, `data=null`},
		{"falsy data", `[{"data":0},{"data":""},{"data":false}]`, `data=0 | data="" | data=false`},
		{"number id", `{"id":-1.5e3}`, `id=-1.5e3`},
		{"empty strings", `{"channel":"","clientId":""}`, `channel="" clientId=""`},
		{
			"wrong types",
			`[{"channel":1,"clientId":[],"connectionType":{},"id":true},{"id":{},"ext":[],"advice":"x"}]`,
			`wrong channel wrong clientId wrong connectionType wrong id | wrong id wrong ext wrong advice`,
		},
		{"any type", `{"subscription":7,"version":1,"minimumVersion":[],"supportedConnectionTypes":"x"}`, `subscription=7 version=1 minimumVersion=[] supportedConnectionTypes="x"`},
		{"unknown fields", `{"timestamp":"x","":1,"Data2":{"channel":1,"channel":2},"channel":"/a"}`, `channel="/a"`},
		{"unknown fields that differ in case", `{"foo":1,"Foo":2}`, ``},
		{"duplicates below", `{"data":{"a":1,"a":2,"Channel":3},"ext":{"x":1,"x":2}}`, `data={"a":1,"a":2,"Channel":3} ext={"x":1,"x":2}`},
		{"same keys in two messages", `[{"channel":"/a","x":1},{"channel":"/a","x":1}]`, `channel="/a" | channel="/a"`},
	} {
		t.Run(r.name, func(t *testing.T) {
			messages, err := scan(r.in)
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for i := range messages {
				all = append(all, describe(&messages[i]))
			}
			if got := strings.Join(all, " | "); got != r.want {
				t.Errorf("\n got %s\nwant %s", got, r.want)
			}
		})
	}
}

func TestScanRaw(t *testing.T) {
	messages, err := scan(` [ {"channel" : "/a"} , { } ] `)
	if err != nil || len(messages) != 2 {
		t.Fatal(messages, err)
	}
	if a, b := string(messages[0].Raw), string(messages[1].Raw); a != `{"channel" : "/a"}` || b != `{ }` {
		t.Errorf("got %q and %q", a, b)
	}
}

// manyFields is an object with n fields that the protocol does not name.
func manyFields(n int) string {
	var fields []string
	for i := range n {
		fields = append(fields, fmt.Sprintf(`"k%d":%d`, i, i))
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func TestScanRefuses(t *testing.T) {
	for _, r := range []struct {
		name, in string
		want     Error
	}{
		{"nothing", ``, Error{KindSyntax, 0}},
		{"spaces", `  `, Error{KindSyntax, 2}},
		{"number", ` 5`, Error{KindNoMessage, 1}},
		{"string", `"a"`, Error{KindNoMessage, 0}},
		{"word", `nothing`, Error{KindSyntax, 0}},
		{"byte order mark", "\ufeff[]", Error{KindSyntax, 0}},
		{"array of numbers", `[{},5]`, Error{KindNoMessage, 4}},
		{"array of arrays", `[[]]`, Error{KindNoMessage, 1}},
		{"array of null", `[null]`, Error{KindNoMessage, 1}},
		{"two values", `[] []`, Error{KindSyntax, 3}},
		{"two objects", `{}{}`, Error{KindSyntax, 2}},
		{"open", `[{}`, Error{KindSyntax, 3}},
		{"comma at the end", `[{},]`, Error{KindSyntax, 4}},
		{"comma in an object", `{"a":1,}`, Error{KindSyntax, 7}},
		{"no quotes", `{a:1}`, Error{KindSyntax, 1}},
		{"cut short", `[{"channel":"/a`, Error{KindSyntax, 15}},
		{"not UTF-8", "{\"data\":\"\xff\"}", Error{KindUTF8, 9}},
		{"not UTF-8 in a key", "{\"\xff\":1}", Error{KindUTF8, 2}},
		{"too many messages", `[{},{},{},{},{}]`, Error{KindTooManyMessages, 13}},
		{"depth", `{"data":` + strings.Repeat("[", testDepth), Error{KindDepth, 8 + testDepth - 1}},
		{"twice", `{"channel":"/a","channel":"/b"}`, Error{KindDuplicate, 16}},
		{"twice after null", `{"channel":null,"channel":"/b"}`, Error{KindDuplicate, 16}},
		{"twice after a wrong type", `{"channel":1,"channel":"/b"}`, Error{KindDuplicate, 13}},
		{"twice by an escape", `{"channel":"/a","\u0063hannel":"/b"}`, Error{KindDuplicate, 16}},
		{"twice by two escapes", `{"\u0063hannel":"/a","c\u0068annel":"/b"}`, Error{KindDuplicate, 21}},
		{"another case", `{"Channel":"/a"}`, Error{KindDuplicate, 1}},
		{"another case by an escape", `{"\u0043hannel":"/a"}`, Error{KindDuplicate, 1}},
		{"case of one letter", `{"clientid":"a"}`, Error{KindDuplicate, 1}},
		{"upper case", `{"ID":"a"}`, Error{KindDuplicate, 1}},
		{"long s", `{"ver` + "\u017f" + `ion":"1.0"}`, Error{KindDuplicate, 1}},
		{"long s twice", `{"` + "\u017f" + `upportedconnectiontype\u017f":[]}`, Error{KindDuplicate, 1}},
		{"unknown twice", `{"a":1,"b":2,"a":1}`, Error{KindDuplicate, 13}},
		{"unknown twice by an escape", `{"a":1,"\u0061":1}`, Error{KindDuplicate, 7}},
		{"empty key twice", `{"":1,"":1}`, Error{KindDuplicate, 6}},
		{"too many fields", manyFields(maxOthers + 1), Error{KindTooManyFields, len(manyFields(maxOthers))}},
	} {
		t.Run(r.name, func(t *testing.T) {
			var got Error
			if _, err := scan(r.in); !errors.As(err, &got) || got != r.want {
				t.Errorf("got %v, want %v\n in %s", err, r.want, r.in)
			}
		})
	}
}

func TestScanLimits(t *testing.T) {
	if _, err := scan(manyFields(maxOthers)); err != nil {
		t.Errorf("%d fields: %v", maxOthers, err)
	}
	if _, err := scan(`[{},{},{},{}]`); err != nil {
		t.Errorf("as many messages as allowed: %v", err)
	}
	var none Scanner
	for _, body := range []string{`{}`, `[]`, `[{}]`} {
		if err := none.Scan([]byte(body), new(Batch)); err == nil {
			t.Errorf("a Scanner without depth reads %s", body)
		}
	}
	if err := (&Scanner{MaxDepth: 2}).Scan([]byte(`[]`), new(Batch)); err != nil {
		t.Errorf("an empty batch when none may have messages: %v", err)
	}
}

// A Batch has nothing left over from an earlier scan, and what had escapes outlives the growth of
// the memory for it.
func TestScanReuse(t *testing.T) {
	s := Scanner{MaxDepth: testDepth, MaxMessages: 400}
	var b Batch
	full := `[{"channel":"\/a","clientId":"x","id":1,"ext":{},"Xtra":1},{"channel":1}]`
	if err := s.Scan([]byte(full), &b); err != nil {
		t.Fatal(err)
	}
	if err := s.Scan([]byte(`[{"Xtra":1},{}]`), &b); err != nil {
		t.Fatal(err)
	}
	for i := range b.Messages {
		if got := describe(&b.Messages[i]); got != "" {
			t.Errorf("message %d has %s", i, got)
		}
	}
	var body []string
	for i := range 300 {
		body = append(body, fmt.Sprintf(`{"channel":"\/c%d"}`, i))
	}
	if err := s.Scan([]byte("["+strings.Join(body, ",")+"]"), &b); err != nil {
		t.Fatal(err)
	}
	for i := range b.Messages {
		if got, want := string(b.Messages[i].Channel), fmt.Sprintf("/c%d", i); got != want {
			t.Fatalf("message %d has channel %q, want %q", i, got, want)
		}
	}
}

// Each hands over what Scan finds, one at a time, and keeps one.
func TestEach(t *testing.T) {
	s := Scanner{MaxDepth: testDepth, MaxMessages: 3}
	var b Batch
	for _, tt := range []struct {
		body  string
		begun int
		want  string
		fails bool
	}{
		{`{"channel":"/a"}`, 1, "/a ", false},
		{`[{"channel":"\/a"},{"channel":"\/b"},{"channel":"/c"}]`, 3, "/a /b /c ", false},
		{`[]`, 0, "", false},
		{`null`, 0, "", false},
		{`[{"channel":"/a"},{"channel":}]`, 2, "/a ", true},
		{`[{"channel":"/a"},5]`, 1, "/a ", true},
		{`[{},{},{},{}]`, 3, "   ", true},
	} {
		got := ""
		var kept [][]byte
		begun, err := s.Each([]byte(tt.body), &b, func(m *Message) { kept = append(kept, m.Channel) })
		for _, name := range kept {
			got += string(name) + " "
		}
		if begun != tt.begun || got != tt.want || (err != nil) != tt.fails {
			t.Errorf("%s: %d begun, %q, %v", tt.body, begun, got, err)
		}
	}
	if cap(b.Messages) > 1 {
		t.Errorf("room for %d messages", cap(b.Messages))
	}
	if err := s.Scan([]byte(`[{},{},{}]`), &b); err != nil || len(b.Messages) != 3 {
		t.Errorf("a scan afterwards: %d messages, %v", len(b.Messages), err)
	}
}

// What grows out of a decoded string must not run into the next one.
func TestScanSpansAreClosed(t *testing.T) {
	messages, err := scan(`{"channel":"\/a","clientId":"\/b"}`)
	if err != nil {
		t.Fatal(err)
	}
	_ = append(messages[0].Channel, "overwritten"...)
	if got := string(messages[0].ClientID); got != "/b" {
		t.Errorf("clientId became %q", got)
	}
}

func TestScanAllocations(t *testing.T) {
	s := Scanner{MaxDepth: testDepth, MaxMessages: 10}
	php := `[{"channel":"\/meta\/connect","\u0069d":"1","clientId":"a\/b","timestamp":1}]`
	for _, body := range []string{benchConnect, benchBatch, php} {
		var b Batch
		in := []byte(body)
		if n := testing.AllocsPerRun(100, func() {
			if s.Scan(in, &b) != nil {
				t.Fatal("refused")
			}
		}); n != 0 {
			t.Errorf("%v allocations for %s", n, body)
		}
	}
}

// The table and the switch hold the same names.
func TestFieldNames(t *testing.T) {
	for i, name := range fieldNames {
		if f := fieldOf([]byte(name)); f != 1<<i {
			t.Errorf("%s is field %b, want bit %d", name, f, i)
		}
		if isVariant([]byte(name + "x")) {
			t.Errorf("%sx is taken for %s", name, name)
		}
		if !isVariant([]byte(strings.ToUpper(name))) {
			t.Errorf("%s in capitals is not taken for it", name)
		}
	}
}

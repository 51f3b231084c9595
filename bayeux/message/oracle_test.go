package message

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// naiveFields reads an object with encoding/json: decoded keys and raw values, in order.
func naiveFields(object []byte) (keys []string, values [][]byte) {
	d := stdjson.NewDecoder(bytes.NewReader(object))
	must(d.Token())
	for d.More() {
		keys = append(keys, must(d.Token()).(string))
		var value stdjson.RawMessage
		if err := d.Decode(&value); err != nil {
			panic(err)
		}
		values = append(values, value)
	}
	return keys, values
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// naiveScan is Scan by encoding/json: what describe says of each message, or the kind of error.
func naiveScan(body []byte) (messages []string, kind Kind) {
	switch {
	case !stdjson.Valid(body):
		return nil, KindSyntax
	case !utf8.Valid(body):
		return nil, KindUTF8
	}
	var items []stdjson.RawMessage
	if body = bytes.TrimSpace(body); string(body) == "null" {
		return nil, 0
	} else if body[0] != '[' {
		items = append(items, body)
	} else if err := stdjson.Unmarshal(body, &items); err != nil {
		panic(err)
	}
	for _, item := range items {
		if item[0] != '{' {
			return nil, KindNoMessage
		}
		text, kind := naiveMessage(item)
		if kind != 0 {
			return nil, kind
		}
		messages = append(messages, text)
	}
	return messages, 0
}

func naiveMessage(object []byte) (string, Kind) {
	keys, values := naiveFields(object)
	seen, others := map[string]bool{}, 0
	var m Message
	for i, key := range keys {
		at := -1
		for j, name := range fieldNames {
			if key == name {
				at = j
			} else if strings.EqualFold(key, name) {
				return "", KindDuplicate
			}
		}
		if seen[key] {
			return "", KindDuplicate
		}
		seen[key] = true
		if at < 0 {
			if others++; others > maxOthers {
				return "", KindTooManyFields
			}
			continue
		}
		naiveSet(&m, key, values[i], 1<<at)
	}
	return describe(&m), 0
}

func naiveSet(m *Message, key string, raw []byte, f Field) {
	var value any
	if err := stdjson.Unmarshal(raw, &value); err != nil {
		value = stdjson.Number(raw) // out of the range of float64
	}
	text, isString := value.(string)
	_, isObject := value.(map[string]any)
	_, isArray := value.([]any)
	_, isBool := value.(bool)
	decoded := map[string]*[]byte{"channel": &m.Channel, "clientId": &m.ClientID, "connectionType": &m.ConnectionType}[key]
	switch {
	case value == nil && key != "data":
	case decoded != nil && isString:
		*decoded = []byte(text)
	case decoded != nil, key == "id" && (isObject || isArray || isBool), (key == "ext" || key == "advice") && !isObject:
		m.Wrong |= f
	default:
		*map[string]*[]byte{
			"id": &m.ID, "data": &m.Data, "ext": &m.Ext, "advice": &m.Advice, "subscription": &m.Subscription, "version": &m.Version,
			"minimumVersion": &m.MinimumVersion, "supportedConnectionTypes": &m.SupportedConnectionTypes,
		}[key] = raw
	}
}

// compareScan lets both read body and reports what differs. Where a body has several faults, they may
// name different ones; then it is enough that both refuse.
func compareScan(t *testing.T, body []byte) (accepted bool) {
	t.Helper()
	s := Scanner{MaxDepth: testDepth, MaxMessages: 1000}
	var b Batch
	err := s.Scan(body, &b)
	var e Error
	if errors.As(err, &e); e.Kind == KindDepth {
		return false
	}
	want, kind := naiveScan(body)
	if (err == nil) != (kind == 0) {
		t.Fatalf("Scan(%q) = %v, want %v", body, err, kind)
	}
	if err != nil {
		return false
	}
	var got []string
	for i := range b.Messages {
		m := &b.Messages[i]
		if !stdjson.Valid(m.Raw) || m.Raw[0] != '{' {
			t.Fatalf("raw is %q", m.Raw)
		}
		got = append(got, describe(m))
		compareEach(t, m.Raw)
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Fatalf("Scan(%q)\n got %s\nwant %s", body, g, w)
	}
	return true
}

func compareEach(t *testing.T, object []byte) {
	t.Helper()
	keys, values := naiveFields(object)
	i := 0
	Each(object, func(key, value []byte) bool {
		if i >= len(keys) || string(key) != keys[i] || !bytes.Equal(value, values[i]) {
			t.Fatalf("Each(%q) has %q: %q as field %d", object, key, value, i)
		}
		i++
		return true
	})
	if i != len(keys) {
		t.Fatalf("Each(%q) has %d fields, want %d", object, i, len(keys))
	}
}

var seeds = []string{
	benchConnect, benchBatch,
	`[{"channel":"\/meta\/handshake","version":"1.0","minimumVersion":"0.9","supportedConnectionTypes":["long-polling","websocket"],"id":1}]`,
	`{"\u0063hannel":"/a","data":{"a":[1.10,12345678901234567890,"\uD800"]},"ext":{"ack":-1},"advice":{"timeout":0}}`,
	` [ {"subscription" : ["/a","/b/**"] , "clientId":"ab\u0041\/c" } , {"Channel":1} ] `,
	`[{"id":"a","x":null,"x ":1,"` + "\u017f" + `ubscription":1,"subscription":"/é"}]`,
	`[{"channel":null,"clientId":7,"connectionType":[],"ext":1,"advice":[]},{"data":null},{}]`,
}

func seedBodies() []string { return append(append([]string{}, seeds...), values...) }

// FuzzScan: Scan accepts what encoding/json with the rules for fields accepts, and its spans are what that decodes.
func FuzzScan(f *testing.F) {
	for _, text := range seedBodies() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) { compareScan(t, body) })
}

// TestScanMutated compares the two on documents with a few random changes.
func TestScanMutated(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{
		`"`, `\`, `\/`, `\u0063`, `\ud800`, `,`, `:`, `{`, `}`, `[`, `]`, ` `, "\n", `0`, `1e`, `-`, `.`, `null`, `true`, `"id":1,`, `"channel":"/x",`,
		`"Data":1,`, `"k":0,`, "\xff", "é", "\x00", `"data":`, `{},`, `[],`,
	}
	accepted := 0
	const documents = 30000
	for range documents {
		body := []byte(seeds[random.IntN(len(seeds))])
		for range 1 + random.IntN(3) {
			at := random.IntN(len(body) + 1)
			end := min(len(body), at+random.IntN(3))
			piece := pieces[random.IntN(len(pieces))]
			if random.IntN(3) == 0 {
				piece = ""
			}
			body = []byte(fmt.Sprintf("%s%s%s", body[:at], piece, body[end:]))
		}
		if compareScan(t, body) {
			accepted++
		}
	}
	if accepted < documents/20 {
		t.Errorf("only %d of %d documents were right: the test shows little", accepted, documents)
	}
}

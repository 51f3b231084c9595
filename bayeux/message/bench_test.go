package message

import (
	stdjson "encoding/json"
	"strings"
	"testing"

	gojson "github.com/goccy/go-json"
)

// The two requests of the speed goals: the poll of a CometD client, 135 bytes, and a batch of three
// messages as a publisher sends it, 514 bytes.
const (
	benchConnect = `[{"id":"123456789","channel":"/meta/connect","connectionType":"long-polling","advice":{"timeout":0},` +
		`"clientId":"2k9x8f7c6v5b4n3mqqq0"}]`
	benchBatch = `[` +
		`{"id":"1","channel":"/stock/SPY","clientId":"2k9x8f7c6v5b4n3mqqq0","data":{"symbol":"SPY","price":167.1000,` +
		`"size":100,"exchange":"NASDAQ","at":34200123}},` +
		`{"id":"2","channel":"/stock/QQQ","clientId":"2k9x8f7c6v5b4n3mqqq0","data":{"symbol":"QQQ","price":79.0200,` +
		`"size":3000,"exchange":"ARCA","at":34200124,"note":"opening \"cross\" \u2014 bulk"}},` +
		`{"id":"3","channel":"/chat/room","clientId":"2k9x8f7c6v5b4n3mqqq0","data":{"user":"Zoë","text":"Grüß Gott, ` +
		`wie geht es euch allen heute hier?"},"ext":{"token":"a"}}]`
)

var benchBodies = []struct {
	name, body string
	size       int
}{{"connect", benchConnect, 135}, {"batch", benchBatch, 514}}

// TestBenchBodies keeps the two requests what they are said to be.
func TestBenchBodies(t *testing.T) {
	for _, b := range benchBodies {
		if len(b.body) != b.size || !stdjson.Valid([]byte(b.body)) {
			t.Errorf("%s: %d bytes, want %d", b.name, len(b.body), b.size)
		}
	}
}

// object is what the two libraries read a message into; json of either keeps the rest as bytes.
type object struct {
	Channel        string             `json:"channel"`
	ClientID       string             `json:"clientId"`
	ConnectionType string             `json:"connectionType"`
	ID             stdjson.RawMessage `json:"id"`
	Data           stdjson.RawMessage `json:"data"`
	Ext            stdjson.RawMessage `json:"ext"`
	Advice         stdjson.RawMessage `json:"advice"`
	Subscription   stdjson.RawMessage `json:"subscription"`
}

func benchEach(b *testing.B, read func(body []byte) error) {
	for _, in := range benchBodies {
		b.Run(in.name, func(b *testing.B) {
			body := []byte(in.body)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if err := read(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkScan(b *testing.B) {
	s := Scanner{MaxDepth: 64, MaxMessages: 100}
	var batch Batch
	benchEach(b, func(body []byte) error { return s.Scan(body, &batch) })
}

// BenchmarkScanManyFields is the most that a body of 64 KiB can cost in keys to compare.
func BenchmarkScanManyFields(b *testing.B) {
	var fields []string
	for i := range maxOthers {
		fields = append(fields, `"`+string(rune('À'+i))+`":0`)
	}
	one := "{" + strings.Join(fields, ",") + "}"
	n := 65536 / (len(one) + 1)
	body := []byte("[" + strings.Repeat(one+",", n-1) + one + "]")
	s := Scanner{MaxDepth: 64, MaxMessages: n}
	var batch Batch
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if err := s.Scan(body, &batch); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScanEncodingJSON(b *testing.B) {
	benchEach(b, func(body []byte) error {
		var messages []object
		return stdjson.Unmarshal(body, &messages)
	})
}

func BenchmarkScanGoJSON(b *testing.B) {
	messages := []object{}
	benchEach(b, func(body []byte) error {
		messages = messages[:0]
		return gojson.Unmarshal(body, &messages)
	})
}

func BenchmarkValid(b *testing.B) {
	benchEach(b, func(body []byte) error { return Valid(body, 64) })
}

func BenchmarkValidEncodingJSON(b *testing.B) {
	benchEach(b, func(body []byte) error {
		if !stdjson.Valid(body) {
			return Error{}
		}
		return nil
	})
}

func BenchmarkValidGoJSON(b *testing.B) {
	benchEach(b, func(body []byte) error {
		if !gojson.Valid(body) {
			return Error{}
		}
		return nil
	})
}

func BenchmarkAppendString(b *testing.B) {
	text := []byte("/stock/SPY is a channel and this a longer text without escapes")
	dst := make([]byte, 0, 128)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		dst = AppendString(dst[:0], text)
	}
}

func benchAppend(b *testing.B, appendTo func(dst, raw []byte) []byte) {
	dst, raw := make([]byte, 0, 1024), []byte(benchBatch)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		dst = appendTo(dst[:0], raw)
	}
}

func BenchmarkAppendScriptSafe(b *testing.B) { benchAppend(b, AppendScriptSafe) }

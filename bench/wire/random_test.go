package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// randomValue writes some JSON value, with spaces and escapes where they may be.
func randomValue(r *rand.Rand, depth int) string {
	kinds := 7
	if depth == 0 {
		kinds = 5
	}
	switch r.IntN(kinds) {
	case 0:
		return fmt.Sprint(r.Int64N(1 << 40))
	case 1:
		return fmt.Sprintf("-%d.%de%d", r.IntN(9), r.IntN(1000), r.IntN(9))
	case 2:
		return [...]string{"true", "false", "null"}[r.IntN(3)]
	case 3:
		return `"` + strings.Repeat([...]string{`a`, `\"`, `\\`, `]}`, `\u00e9`, `é`, `,`}[r.IntN(7)], r.IntN(5)) + `"`
	case 4:
		return [...]string{"{}", "[ ]", `""`}[r.IntN(3)]
	case 5:
		var parts []string
		for range 1 + r.IntN(3) {
			parts = append(parts, randomValue(r, depth-1))
		}
		return "[" + strings.Join(parts, " , ") + "]"
	}
	var parts []string
	for i := range 1 + r.IntN(3) {
		parts = append(parts, fmt.Sprintf("%q :%s", fmt.Sprint("k", i), randomValue(r, depth-1)))
	}
	return "{" + strings.Join(parts, ",") + " }"
}

// Whatever encoding/json reads out of a batch, Batch reads too, and the data byte for byte.
func TestBatchAgreesWithTheStandardLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		var parts []string
		for i := range r.IntN(4) {
			fields := []string{fmt.Sprintf(`"channel":"/c/%d"`, i), `"data": ` + randomValue(r, 3), `"x":` + randomValue(r, 2)}
			if r.IntN(2) == 0 {
				fields = append(fields, fmt.Sprintf(`"successful":%v`, r.IntN(2) == 0))
			}
			r.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
			parts = append(parts, "{"+strings.Join(fields, ",")+"}")
		}
		body := "[" + strings.Join(parts, ",\n") + "]"
		var want []struct {
			Channel    string
			Data       json.RawMessage
			Successful *bool
		}
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatalf("the test writes bad JSON: %v in %s", err, body)
		}
		got, err := readAll(body)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d of %d messages, %v in %s", len(got), len(want), err, body)
		}
		for i := range want {
			if string(got[i].Channel) != want[i].Channel || got[i].Answer != (want[i].Successful != nil) {
				t.Fatalf("message %d is %+v in %s", i, got[i], body)
			}
			if data := want[i].Data; data != nil && !bytes.Equal(got[i].Data, data) {
				t.Fatalf("data %s became %s", data, got[i].Data)
			}
		}
	}
}

// Cutting a batch anywhere makes an error of it, never a shorter batch.
func TestATruncatedBatchIsAnError(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		body := `[{"channel":"/a","data":` + randomValue(r, 3) + `},{"channel":"/meta/connect","successful":true}]`
		for cut := range len(body) - 1 {
			if _, err := readAll(body[:cut]); err == nil {
				t.Fatalf("%s was read without an error", body[:cut])
			}
		}
	}
}

// A response is the same whether it is chunked or not, and wherever the chunks end.
func TestChunksDoNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 500 {
		body := randomValue(r, 4)
		text := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		for rest := body; ; {
			n := min(len(rest), 1+r.IntN(20))
			text += fmt.Sprintf("%x\r\n%s\r\n", n, rest[:n])
			if rest = rest[n:]; rest == "" {
				break
			}
		}
		text += "0\r\n\r\n"
		got, n, err := Parse([]byte(text))
		if err != nil || n != len(text) || string(got.Body) != body {
			t.Fatalf("%q became %q, %d bytes, %v", body, got.Body, n, err)
		}
	}
}

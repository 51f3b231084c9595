package feed

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAppendValue(t *testing.T) {
	numbers := []string{"0", "-0", "1", "167.1000", "12345678901234567890", "-1.5e+10", "1E3", "0.5", "1e-7"}
	for _, s := range numbers {
		if got := string(AppendValue(nil, s)); got != s {
			t.Errorf("%s became %s", s, got)
		}
	}
	others := []string{"", "-", "01", "1.", ".5", "+1", "1e", "1e+", "0x1", "NaN", "1 ", " 1", "1,5", "--1", "true", "null", "SPY", `a"b\c`, "é\n", "\u2028<", "1e5x"}
	for _, s := range others {
		var back string
		got := AppendValue(nil, s)
		if err := json.Unmarshal(got, &back); err != nil || back != s {
			t.Errorf("%q became %s", s, got)
		}
	}
	if got := string(AppendValue(nil, "a\xffb")); got != "\"a\uFFFDb\"" {
		t.Errorf("broken UTF-8 became %q", got)
	}
}

const sample = "ms,symbol,price,note\n" +
	"1000,SPY,167.1000,\n" +
	"1500,IBM,181.9,\"a, \"\"b\"\"\"\n" +
	"2000,SPY,167.2000,x\n"

func all(t *testing.T, text string, o Options) ([]string, []error) {
	t.Helper()
	rows, err := NewRows(strings.NewReader(text), o)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var bad []error
	var buffer []byte
	for {
		row, err := rows.Next(buffer)
		if errors.Is(err, io.EOF) {
			return got, bad
		}
		var re *RowError
		if errors.As(err, &re) {
			bad = append(bad, err)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		buffer = row.Data
		got = append(got, row.Channel+" "+string(row.Data))
	}
}

func number(f float64) *float64 { return &f }

func TestRows(t *testing.T) {
	spy := `/stock/SPY {"ms":1000,"symbol":"SPY","price":167.1000,"note":""}`
	ibm := `/stock/IBM {"ms":1500,"symbol":"IBM","price":181.9,"note":"a, \"b\""}`
	last := `/stock/SPY {"ms":2000,"symbol":"SPY","price":167.2000,"note":"x"}`
	tests := []struct {
		o    Options
		want []string
	}{
		{Options{Channel: "/stock/{symbol}"}, []string{spy, ibm, last}},
		{Options{Channel: "/stock/{symbol}", Time: "ms", From: number(1500)}, []string{ibm, last}},
		{Options{Channel: "/stock/{symbol}", Time: "ms", From: number(1000), To: number(2000)}, []string{spy, ibm}},
		{Options{Channel: "/stock/{symbol}", Time: "ms", To: number(1000)}, nil},
	}
	for _, tt := range tests {
		got, bad := all(t, sample, tt.o)
		if strings.Join(got, "\n") != strings.Join(tt.want, "\n") || bad != nil {
			t.Errorf("%+v: rows\n%s\nwant\n%s (%v)", tt.o, strings.Join(got, "\n"), strings.Join(tt.want, "\n"), bad)
		}
	}
}

func TestBadRowsAreSkipped(t *testing.T) {
	got, bad := all(t, "ms,symbol\n1,A\nnoon,B\n3\n4,D,extra\nNaN,E\n5,F\n", Options{Channel: "/{symbol}", Time: "ms"})
	if len(got) != 2 || !strings.HasPrefix(got[0], "/A ") || !strings.HasPrefix(got[1], "/F ") {
		t.Errorf("rows %q", got)
	}
	want := []string{`line 3: ms is "noon"`, "line 4:", "line 5:", `line 6: ms is "NaN"`}
	if len(bad) != len(want) {
		t.Fatalf("errors %v", bad)
	}
	for i, w := range want {
		if !strings.Contains(bad[i].Error(), w) {
			t.Errorf("error %q, want %q in it", bad[i], w)
		}
	}
}

// What would go to another channel, or be changed on its way, is told with its row.
func TestUnfitRows(t *testing.T) {
	got, bad := all(t, "s,v\nA,1\n,2\nB,\xff\nC,\nD\xe9,3\nE,5\n", Options{Channel: "/c/{s}"})
	want := []string{`/c/A {"s":"A","v":1}`, `/c/C {"s":"C","v":""}`, `/c/E {"s":"E","v":5}`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("rows %q", got)
	}
	reasons := []string{"line 3: s is empty, and a part of the channel", `line 4: v is "\xff", which is not UTF-8`, `line 6: s is "D\xe9"`}
	if len(bad) != len(reasons) {
		t.Fatalf("errors %v", bad)
	}
	for i, w := range reasons {
		if !strings.Contains(bad[i].Error(), w) {
			t.Errorf("error %q, want %q in it", bad[i], w)
		}
	}
}

func TestNewRowsNamesTheFlag(t *testing.T) {
	tests := []struct {
		text string
		o    Options
		want string
	}{
		{"", Options{Channel: "/a"}, "--csv"},
		{"a,b,a\n1,2,3\n", Options{Channel: "/a"}, `--csv: line 1: column "a" is given twice`},
		{"a,b\xff\n1,2\n", Options{Channel: "/a"}, "--csv: line 1: column name"},
		{sample, Options{}, "--channel"},
		{sample, Options{Channel: "/{isin}"}, `--channel: the file has no column "isin", only ms, symbol`},
		{sample, Options{Channel: "/a", Time: "when"}, "--time"},
		{sample, Options{Channel: "/a", From: number(1)}, "--from"},
	}
	for _, tt := range tests {
		if _, err := NewRows(strings.NewReader(tt.text), tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q in it", tt.o, err, tt.want)
		}
	}
}

func TestTemplate(t *testing.T) {
	names, record := []string{"a", "b"}, []string{"1", "2"}
	for template, want := range map[string]string{
		"/x": "/x", "/{a}": "/1", "/{b}/{a}": "/2/1", "{a}{b}": "12", "/{a}/x": "/1/x", "/{": "/{", "/x/{a": "/x/{a", "/}{a}": "/}1",
	} {
		parts, err := parseTemplate(template, names)
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		if got := expand(parts, record); got != want {
			t.Errorf("%s gives %s, want %s", template, got, want)
		}
	}
}

func TestPace(t *testing.T) {
	p := Pace{Speed: 60}
	for _, tt := range []struct {
		ms   float64
		want time.Duration
	}{{34200000, 0}, {34260000, time.Second}, {34200060, time.Millisecond}, {1, 0}, {math.Inf(1), math.MaxInt64}} {
		if got := p.Due(tt.ms); got != tt.want {
			t.Errorf("Due(%v) = %v, want %v", tt.ms, got, tt.want)
		}
	}
	unpaced := Pace{}
	unpaced.Due(0)
	if got := unpaced.Due(1e9); got != 0 {
		t.Errorf("Due without a speed = %v", got)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	plain, packed, broken := filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv"), filepath.Join(dir, "c.gz")
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	io.WriteString(w, sample)
	w.Close()
	for name, content := range map[string]string{plain: sample, packed: z.String(), broken: "\x1f\x8bnot gzip"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{plain, packed, "-"} {
		r, err := Open(name, strings.NewReader(sample))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); string(got) != sample || err != nil {
			t.Errorf("%s reads as %q (%v)", name, got, err)
		}
		r.Close()
	}
	for _, name := range []string{broken, filepath.Join(dir, "none")} {
		if _, err := Open(name, nil); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
}

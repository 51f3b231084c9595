package internalhttp

import (
	"bytes"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func gzipped(t *testing.T, texts ...string) string {
	t.Helper()
	var b bytes.Buffer
	for _, text := range texts {
		w := gzip.NewWriter(&b)
		w.Write([]byte(text))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func zstandard(t *testing.T, text string, options ...zstd.EOption) string {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, options...)
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(text))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestContentEncodings(t *testing.T) {
	const one, two = `{"channel":"/a","data":1}`, `{"channel":"/b","data":2}`
	fits := `{"channel":"/a","data":"` + strings.Repeat("x", 4096-26) + `"}`
	bomb := `{"channel":"/a","data":"` + strings.Repeat("x", 32<<20) + `"}`
	const corrupt, long = `{"error":"body is not what its Content-Encoding says"}`, `{"error":"body is longer than --max-publish, or a sixteenth of --max-memory, when decoded"}`
	for name, tt := range map[string]struct {
		coding, body string
		status       int
		answer       string
	}{
		"none":             {"identity", one, 200, `{"published":1}`},
		"gzip":             {"gzip", gzipped(t, one+"\n"+two), 200, `{"published":2}`},
		"gzip by old name": {"X-GZIP", gzipped(t, one), 200, `{"published":1}`},
		"gzip of parts":    {"gzip", gzipped(t, one+"\n", two), 200, `{"published":2}`},
		"zstd":             {"zstd", zstandard(t, "["+one+","+two+"]"), 200, `{"published":2}`},
		"gzip that fits":   {"gzip", gzipped(t, fits), 200, `{"published":1}`},
		"zstd that fits":   {"zstd", zstandard(t, fits), 200, `{"published":1}`},
		"gzip too long":    {"gzip", gzipped(t, fits+" "), 413, long},
		"zstd too long":    {"zstd", zstandard(t, fits+" "), 413, long},
		"zstd bomb":        {"zstd", zstandard(t, bomb), 413, long},
		"zstd of a window": {"zstd", zstandard(t, bomb[:3<<20], zstd.WithWindowSize(8<<20)), 413, long},
		"no gzip":          {"gzip", one, 400, corrupt},
		"gzip cut off":     {"gzip", gzipped(t, one)[:30], 400, corrupt},
		"gzip and more":    {"gzip", gzipped(t, one) + "more", 400, corrupt},
		"no zstd":          {"zstd", one, 400, corrupt},
		"zstd cut off":     {"zstd", zstandard(t, one)[:20], 400, corrupt},
		"empty gzip":       {"gzip", "", 400, corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.expect("POST", "/publish", tt.body, tt.status, tt.answer, "Content-Encoding", tt.coding)
			if (tt.status == 200) != (r.got != nil) {
				t.Errorf("published %.100q", r.got)
			}
		})
	}
}

func TestUnknownContentEncodings(t *testing.T) {
	r := newRig(t, nil)
	for _, coding := range []string{"br", "deflate", "gzip, gzip", "zstd, gzip", "none"} {
		status, body, header := r.do("POST", "/publish", `{"channel":"/a","data":1}`, "Content-Encoding", coding)
		if status != 415 || header.Get("Accept-Encoding") != "gzip, zstd" || !strings.Contains(body, "want gzip, zstd or none") {
			t.Errorf("%s: %d %s %v", coding, status, body, header)
		}
	}
	if r.got != nil {
		t.Errorf("published %v", r.got)
	}
}

package loop

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"halley/bayeux/history"
	"halley/loop/journal"
)

// fileMagic is how a history file begins.
const fileMagic = "halley history 1\n"

func mustWrite(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A file of the first version is read: it has events alone, and where it was written
// anew nobody knows what was there before.
func TestFirstVersionOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	j, err := journal.Open(journal.Options{Path: path, Most: 1 << 20, Log: slog.New(slog.DiscardHandler)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	j.Append([]history.Entry{
		{ID: 3, Channel: "/a", Event: `{"channel":"/a","replayId":3,"data":3}`},
		{ID: 8, Channel: "/b", Event: `{"channel":"/b","replayId":8,"data":8}`},
		{ID: 9},
		{ID: 10, Channel: "/a", Event: `{"channel":"/a","replayId":10,"data":10}`},
	}, func(error) {})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	file, _ := os.ReadFile(path)
	mustWrite(t, path, bytes.TrimPrefix(file, []byte(fileMagic)))
	s := start(t, func(c *Config) { c.Rules, c.HistoryFile = []string{"/** history=100"}, path })
	eventually(t, func() bool {
		data, err := os.ReadFile(path)
		return err == nil && bytes.HasPrefix(data, []byte(fileMagic))
	})
	for _, row := range []struct {
		pattern string
		after   int64
		want    []string
	}{{"/a", 1, nil}, {"/a", 2, []string{"3", "10"}}, {"/b", 6, nil}, {"/b", 7, []string{"8"}}, {"/c", 8, nil}, {"/c", 9, []string{}}, {"/**", 9, []string{"10"}}} {
		got := replayTo(t, s, row.pattern, row.after)
		equal(t, got[len(got)-1]["successful"], row.want != nil)
		if len(row.want) > 0 {
			equal(t, events(got), row.want)
		}
	}
}

// After damage a server has what is left, but no cursor passes over what is not;
// and the file is whole again.
func TestDamagedHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	config := func(c *Config) { c.Rules, c.HistoryFile = []string{"/h history=100"}, path }
	var first int64
	t.Run("before", func(t *testing.T) {
		s := start(t, config)
		for n := 1; n <= 5; n++ {
			mustPublish(t, s, "/h", fmt.Sprint(n))
		}
		first = nth(s, 1)
	})
	file, _ := os.ReadFile(path)
	file[bytes.Index(file, []byte(`"data":3`))] ^= 4
	mustWrite(t, path, file)
	for n := 6; n <= 7; n++ {
		t.Run("after", func(t *testing.T) {
			s := start(t, config)
			for after := range int64(5) {
				equal(t, replayTo(t, s, "/h", first+after)[0]["successful"], false)
			}
			mustPublish(t, s, "/h", fmt.Sprint(n))
			equal(t, events(replayTo(t, s, "/h", -2)), []string{"1", "2", "4", "5", "6", "7"}[:n-1])
		})
		j, err := journal.Open(journal.Options{Path: path, Log: slog.New(slog.DiscardHandler)}, func(journal.Record) {})
		if err != nil || j.Damaged || j.Close() != nil {
			t.Errorf("the file is damaged still: %v", err)
		}
	}
}

package secure

import (
	"bytes"
	"crypto/tls"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A session is resumed after a restart, and by another server with the same file, whatever their certificates.
func TestTicketsSurviveARestart(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.sign("one", wish{names: []string{"localhost"}})
	newer, newerKey := a.sign("two", wish{names: []string{"localhost"}})
	file := filepath.Join(a.dir, "keys")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client := &tls.Config{ServerName: "localhost", RootCAs: a.pool(), MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
		for round, s := range []Settings{
			{Cert: []string{cert}, Key: []string{key}, TicketKeys: file},
			{Cert: []string{cert}, Key: []string{key}, TicketKeys: file},
			{Cert: []string{newer}, Key: []string{newerKey}, TicketKeys: file},
			{Cert: []string{cert}, Key: []string{key}},
		} {
			c, _ := opened(t, s)
			conn, err := dial(t, reached(t, c), client)
			if want := round == 1 || round == 2; err != nil || conn.ConnectionState().DidResume != want {
				t.Errorf("%x, round %d: %v, want resumed %v", version, round, err, want)
			}
		}
	}
}

func reached(t *testing.T, c *Certificates) string {
	t.Helper()
	return listen(t, c.Config())
}

// at is a time of the tests.
func at(days float64) time.Time {
	return time.Unix(1_800_000_000, 0).Add(time.Duration(days * 24 * float64(time.Hour)))
}

func ticketsOf(t *testing.T, file string) *tickets {
	t.Helper()
	return &tickets{file: file, log: new(page).logger()}
}

// Each day has a key, an old one decrypts for a week after its day, and the file has what is in force.
func TestKeysRotate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	s := ticketsOf(t, file)
	if err := s.open(at(0)); err != nil {
		t.Fatal(err)
	}
	first := s.keys[0]
	for day := 1; day <= 20; day++ {
		if s.rotate(at(float64(day) - 0.01)) {
			t.Errorf("before day %d", day)
		}
		before := s.keys
		if !s.rotate(at(float64(day))) || s.rotate(at(float64(day))) {
			t.Errorf("at day %d", day)
		}
		if s.keys[0] == before[0] || s.keys[1] != before[0] {
			t.Errorf("day %d: the new key is not the first", day)
		}
		if want := min(day+1, 8); len(s.keys) != want || slices.Contains(s.keys, first) != (day < 8) {
			t.Errorf("day %d: %d keys, want %d", day, len(s.keys), want)
		}
		if kept, err := readTicketKeys(file); err != nil || !slices.Equal(kept, s.keys) {
			t.Errorf("day %d: the file has %d keys (%v)", day, len(kept), err)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	// A clock that was wrong has no say for ever.
	if s.rotate(at(19.5)) {
		t.Error("half a day back")
	}
	if !s.rotate(at(10)) {
		t.Error("ten days back")
	}
}

// Of two processes one makes the day's key, and both have it.
func TestProcessesShareKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	one, two := ticketsOf(t, file), ticketsOf(t, file)
	for _, s := range []*tickets{one, two} {
		if err := s.open(at(0)); err != nil {
			t.Fatal(err)
		}
	}
	if !one.rotate(at(1)) || !two.rotate(at(1)) || !slices.Equal(one.keys, two.keys) || len(one.keys) != 2 {
		t.Errorf("%d and %d keys, the same: %v", len(one.keys), len(two.keys), slices.Equal(one.keys, two.keys))
	}
	unlock, err := lockFolder(file)
	if err != nil {
		t.Fatal(err)
	}
	if two.rotate(at(2)) {
		t.Error("while another process rotates")
	}
	unlock()
	if !two.rotate(at(2)) {
		t.Error("not after it")
	}
	if one.again(at(2)) != nil || !slices.Equal(one.keys, two.keys) {
		t.Error("the other does not take them up")
	}
}

// A file that cannot be written leaves the old key in force, and is not tried all the time. One that has gone comes again.
func TestKeysThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sub", "keys")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	log := new(page)
	s := &tickets{file: file, log: log.logger()}
	if err := s.open(at(0)); err != nil {
		t.Fatal(err)
	}
	before := s.keys
	if err := os.Rename(filepath.Dir(file), filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	for _, day := range []float64{1, 1.01, 1.02} {
		if s.rotate(at(day)) || !slices.Equal(s.keys, before) {
			t.Errorf("day %g: other keys", day)
		}
	}
	if lines := strings.Count(log.String(), "no new key for session tickets"); lines != 1 {
		t.Errorf("%d lines: %s", lines, log)
	}
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.again(at(1.03)); err != nil || !slices.Equal(s.keys, before) {
		t.Errorf("made anew: %v", err)
	}
	if !s.rotate(at(1.1)) {
		t.Error("not rotated when there is a folder again")
	}
}

// A symbolic link stays one.
func TestKeysBehindALink(t *testing.T) {
	dir := t.TempDir()
	link, target := filepath.Join(dir, "link"), filepath.Join(dir, "target")
	if err := writeTicketKeys(target, []ticketKey{newTicketKey(at(0))}); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	s := ticketsOf(t, link)
	if err := s.open(at(1)); err != nil || len(s.keys) != 2 {
		t.Errorf("%d keys, %v", len(s.keys), err)
	}
	if where, err := os.Readlink(link); err != nil || where != target {
		t.Errorf("it leads to %s (%v)", where, err)
	}
	if kept, err := readTicketKeys(target); err != nil || len(kept) != 2 {
		t.Errorf("%d keys, %v", len(kept), err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("%v, %v", left, err)
	}
}

// The key that encrypts changes under a server at work, and a ticket of the one before is good still.
func TestTickRotates(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.sign("one", wish{names: []string{"localhost"}})
	file := filepath.Join(a.dir, "keys")
	c, _ := opened(t, Settings{Cert: []string{cert}, Key: []string{key}, TicketKeys: file})
	address := reached(t, c)
	client := &tls.Config{ServerName: "localhost", RootCAs: a.pool(), ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	resumes := func(want bool) {
		t.Helper()
		if conn, err := dial(t, address, client); err != nil || conn.ConnectionState().DidResume != want {
			t.Errorf("%v, want resumed %v", err, want)
		}
	}
	resumes(false)
	before := c.tickets.keys[0]
	c.tick(time.Now().Add(25 * time.Hour))
	if c.tickets.keys[0] == before {
		t.Error("the same key")
	}
	resumes(true)
	if err := writeTicketKeys(file, []ticketKey{newTicketKey(time.Now())}); err != nil {
		t.Fatal(err)
	}
	if changed, err := c.Reload(); len(changed) != 1 || err != nil {
		t.Errorf("%q, %v", changed, err)
	}
	resumes(false)
	resumes(true)
	if err := os.WriteFile(file, []byte("garbage\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := c.Reload()
	wantError(t, err, "--tls-ticket-keys", "line 1")
	resumes(true)
}

func TestTicketFile(t *testing.T) {
	keys := []ticketKey{newTicketKey(at(1)), newTicketKey(at(0))}
	text := formatTicketKeys(keys)
	if back, err := parseTicketKeys(text); err != nil || !slices.Equal(back, keys) {
		t.Errorf("%v, %v", back, err)
	}
	if info := bytes.Count(text, []byte("\n")); info != 4 {
		t.Errorf("%s", text)
	}
	for bad, want := range map[string]string{
		"": "no key", "# nothing\n\n": "no key", "\nkey": "line 2: want a time",
		"2026-11-29T23:00:00Z": "line 1: want a key", "2026-11-29T23:00:00Z YWJj": "of 32 bytes",
		strings.Repeat(string(text[len(ticketHead):]), 33): "at most 64",
	} {
		_, err := parseTicketKeys([]byte(bad))
		wantError(t, err, want)
	}
}

func FuzzTicketFile(f *testing.F) {
	f.Add(formatTicketKeys([]ticketKey{newTicketKey(at(0))}))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := parseTicketKeys(text)
		if err != nil {
			return
		}
		if back, err := parseTicketKeys(formatTicketKeys(keys)); err != nil || !slices.Equal(back, keys) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

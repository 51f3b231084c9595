package secure

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// tickets are the keys of session tickets, which stand in a file that several processes may share.
type tickets struct {
	file  string
	log   *slog.Logger
	keys  []ticketKey // the first one encrypts
	tried time.Time   // when a new key was tried last, and could not be written
}

// A key encrypts for a day, and decrypts as long as a ticket of it is good: a week (RFC 8446, 4.6.1).
const (
	ticketKeyDay  = 24 * time.Hour
	ticketKeyLife = ticketKeyDay + 7*24*time.Hour
	ticketRetry   = time.Hour // after a failed write
)

// check tells whether the file can be read, or else made.
func (t *tickets) check() error {
	_, err := readTicketKeys(t.file)
	if errors.Is(err, fs.ErrNotExist) {
		if err = unix.Access(filepath.Dir(t.file), unix.W_OK); err != nil {
			err = named(filepath.Dir(t.file), err)
		}
	}
	return err
}

// open reads the file, makes it if it is absent, and adds a key if the first one is old.
func (t *tickets) open(now time.Time) error {
	if err := t.again(now); err != nil {
		return err
	}
	if info, err := os.Stat(t.file); err == nil && info.Mode().Perm()&0o077 != 0 {
		t.log.Warn("others may read the keys of session tickets: it should be mode 0600", "file", t.file, "mode", info.Mode().Perm().String())
	}
	t.rotate(now)
	return nil
}

// again reads the file. If it is absent it is made of the keys in force, or of a new one.
func (t *tickets) again(now time.Time) error {
	keys, err := readTicketKeys(t.file)
	if errors.Is(err, fs.ErrNotExist) {
		return t.make(now)
	}
	if err != nil {
		return err
	}
	t.keys = keys
	return nil
}

// make makes the file.
func (t *tickets) make(now time.Time) error {
	keys := t.keys
	if len(keys) == 0 {
		keys = []ticketKey{newTicketKey(now)}
	}
	if err := writeTicketKeys(t.file, keys); err != nil {
		return err
	}
	t.keys = keys
	return nil
}

// rotate adds a key if the first one has done its day, and writes the file. It returns whether the keys are others now: they
// may be those that another process has written. Where the file cannot be written the old keys go on, for all processes alike.
func (t *tickets) rotate(now time.Time) bool {
	if !due(t.keys, now) || now.Sub(t.tried) < ticketRetry {
		return false
	}
	before := t.keys
	if err := t.replace(now); err != nil {
		t.tried = now
		t.log.Error("no new key for session tickets: the old one goes on", "file", t.file, "error", err)
	}
	return !slices.Equal(before, t.keys)
}

// replace writes the file with a new key, if no other process does or has done so.
func (t *tickets) replace(now time.Time) error {
	unlock, err := lockFolder(t.file)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil // at the next tick the other's keys are there
	}
	if err != nil {
		return err
	}
	defer unlock()
	keys := t.keys
	if theirs, err := readTicketKeys(t.file); err == nil {
		keys = theirs
	}
	if due(keys, now) {
		keys = rotated(keys, now)
		if err := writeTicketKeys(t.file, keys); err != nil {
			return err
		}
	}
	t.keys = keys
	return nil
}

// due tells whether the first key has done its day. One of another time, since a clock was wrong, has.
func due(keys []ticketKey, now time.Time) bool { return age(keys[0], now) >= ticketKeyDay }

// rotated are the keys with a new first one, without those that no good ticket is of.
func rotated(keys []ticketKey, now time.Time) []ticketKey {
	next := []ticketKey{newTicketKey(now)}
	for _, k := range keys {
		if age(k, now) < ticketKeyLife && len(next) < maxTicketKeys {
			next = append(next, k)
		}
	}
	return next
}

// age is how far a key's making is from now.
func age(k ticketKey, now time.Time) time.Duration { return now.Sub(time.Unix(k.made, 0)).Abs() }

// forTLS are the keys as crypto/tls takes them.
func (t *tickets) forTLS() (keys [][32]byte) {
	for _, k := range t.keys {
		keys = append(keys, k.secret)
	}
	return keys
}

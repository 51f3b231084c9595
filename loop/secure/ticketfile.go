// Proved by TestTicketFile, FuzzTicketFile and TestKeysBehindALink.

package secure

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ticketKey encrypts session tickets.
type ticketKey struct {
	made   int64 // seconds since 1970
	secret [32]byte
}

func newTicketKey(now time.Time) ticketKey {
	k := ticketKey{made: now.Unix()}
	rand.Read(k.secret[:]) // never fails
	return k
}

// ticketHead begins a file of keys.
const ticketHead = "# Keys of TLS session tickets. Whoever has them can read what is sent in resumed sessions of TLS 1.2.\n" +
	"# Each line is when a key was made, and the key in base64. The first one encrypts, the others decrypt.\n"

// maxTicketKeys bounds the keys of a file: each is tried in turn.
const maxTicketKeys = 64

// formatTicketKeys is the text of a file.
func formatTicketKeys(keys []ticketKey) []byte {
	text := []byte(ticketHead)
	for _, k := range keys {
		text = fmt.Appendf(text, "%s %s\n", time.Unix(k.made, 0).UTC().Format(time.RFC3339), base64.StdEncoding.EncodeToString(k.secret[:]))
	}
	return text
}

// parseTicketKeys reads the text of a file.
func parseTicketKeys(text []byte) (keys []ticketKey, err error) {
	number := 0
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		number++
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		k, err := parseTicketKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		keys = append(keys, k)
	}
	switch {
	case len(keys) == 0:
		return nil, errors.New("no key is in it")
	case len(keys) > maxTicketKeys:
		return nil, fmt.Errorf("%d keys are in it, at most %d may be", len(keys), maxTicketKeys)
	}
	return keys, nil
}

func parseTicketKey(line string) (k ticketKey, err error) {
	moment, secret, _ := strings.Cut(line, " ")
	made, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		return k, errors.New("want a time such as 2026-11-29T23:00:00Z, and a key")
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(secret))
	if err != nil || len(raw) != len(k.secret) {
		return k, fmt.Errorf("want a key of %d bytes in base64", len(k.secret))
	}
	k.made = made.Unix()
	copy(k.secret[:], raw)
	return k, nil
}

// readTicketKeys reads a file of keys.
func readTicketKeys(file string) ([]ticketKey, error) {
	text, err := readFile(file)
	if err != nil {
		return nil, err
	}
	keys, err := parseTicketKeys(text)
	if err != nil {
		return nil, named(file, err)
	}
	return keys, nil
}

// writeTicketKeys replaces a file of keys, or what a symbolic link leads to, at once.
func writeTicketKeys(file string, keys []ticketKey) (err error) {
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*") // for this user alone
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(formatTicketKeys(keys))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// lockFolder keeps other processes from writing keys into the folder of a file. It does not wait for one that does.
func lockFolder(file string) (unlock func(), err error) {
	folder, err := os.Open(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(folder.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		folder.Close()
		return nil, err
	}
	return func() { folder.Close() }, nil
}

package key

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"halley/bayeux/channel"
)

// The limits of a key file.
const (
	maxFile     = 1 << 20
	maxKeys     = 1000
	maxPatterns = 100
	maxName     = 64
	leastSecret = 16 // bytes of a key
	mostSecret  = 1024
)

// contents are what a key file has.
type contents struct {
	keys  []*Key
	plain bool // some stand there themselves, not their sums
	mode  fs.FileMode
}

// entry is a key as a file has it, in either form.
type entry struct {
	Name    string   `json:"name"`
	Key     string   `json:"key"`
	Sum     string   `json:"sha256"`
	Publish []string `json:"publish"`
	May     []string `json:"may"`
}

// read reads a key file. No error says what a key is.
func read(path string) (*contents, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxFile:
		return nil, fmt.Errorf("longer than %d bytes", maxFile)
	}
	c, err := parse(text)
	if err != nil {
		return nil, err
	}
	c.mode = info.Mode().Perm()
	return c, nil
}

// parse reads an array of JSON objects, or a key on each line.
func parse(text []byte) (*contents, error) {
	entries, at, err := parseLines(text)
	if text = bytes.TrimSpace(text); bytes.HasPrefix(text, []byte("[")) || bytes.HasPrefix(text, []byte("{")) {
		entries, at, err = parseJSON(text)
	}
	switch {
	case err != nil:
		return nil, err
	case len(entries) == 0:
		return nil, errors.New("no key is in it")
	case len(entries) > maxKeys:
		return nil, fmt.Errorf("more than %d keys", maxKeys)
	}
	c := new(contents)
	names, sums := make(map[string]bool), make(map[[sha256.Size]byte]bool)
	for i, e := range entries {
		k, err := e.key()
		switch {
		case err != nil:
		case names[k.Name]:
			err = fmt.Errorf("a second key with the name %q", k.Name)
		case sums[k.sum]:
			err = fmt.Errorf("the key of %q is another one's, too", k.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at(i), err)
		}
		names[k.Name], sums[k.sum] = true, true
		c.plain = c.plain || e.Key != ""
		c.keys = append(c.keys, k)
	}
	return c, nil
}

// parseJSON reads an array of objects. at says where one of them is.
func parseJSON(text []byte) (entries []entry, at func(int) string, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&entries); err != nil {
		return nil, nil, fmt.Errorf("want an array of objects: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("something follows the array")
	}
	return entries, func(i int) string { return fmt.Sprintf("key %d", i+1) }, nil
}

// parseLines reads a name, a key or its sum, and what it is good for from each line.
func parseLines(text []byte) (entries []entry, at func(int) string, err error) {
	var lines []int
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) < 2 {
			return nil, nil, fmt.Errorf("line %d: want a name, a key or sha256: and its sum, and what it is good for", number)
		}
		e := entry{Name: fields[0], Key: fields[1]}
		if sum, is := strings.CutPrefix(e.Key, "sha256:"); is {
			e.Key, e.Sum = "", sum
		}
		for _, field := range fields[2:] {
			if pattern, is := strings.CutPrefix(field, "publish="); is {
				e.Publish = append(e.Publish, pattern)
			} else {
				e.May = append(e.May, field)
			}
		}
		entries, lines = append(entries, e), append(lines, number)
	}
	return entries, func(i int) string { return fmt.Sprintf("line %d", lines[i]) }, nil
}

// key checks an entry.
func (e entry) key() (*Key, error) {
	k := &Key{Name: e.Name, publish: e.Publish, listed: true, use: new(use)}
	if k.Name == "" || len(k.Name) > maxName || strings.ContainsFunc(k.Name, notInName) {
		return nil, fmt.Errorf("a name has 1 to %d letters, digits, '_', '-' and '.'", maxName)
	}
	var err error
	if k.sum, err = e.sum(); err != nil {
		return nil, fmt.Errorf("%s: %w", k.Name, err)
	}
	if len(e.Publish) > maxPatterns {
		return nil, fmt.Errorf("%s: more than %d patterns", k.Name, maxPatterns)
	}
	for _, pattern := range e.Publish {
		if err := checkPattern(pattern); err != nil {
			return nil, fmt.Errorf("%s: publish %q: %w", k.Name, pattern, err)
		}
	}
	for _, word := range e.May {
		r, ok := rightOf(word)
		if !ok {
			return nil, fmt.Errorf("%s: %.40q: want publish=PATTERN or %s", k.Name, word, strings.Join(words(), ", "))
		}
		k.rights |= r
	}
	return k, nil
}

func notInName(c rune) bool {
	letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	return !letter && !('0' <= c && c <= '9') && c != '_' && c != '-' && c != '.'
}

// sum is what is compared with the sum of a key that is given.
func (e entry) sum() (sum [sha256.Size]byte, err error) {
	switch {
	case (e.Key == "") == (e.Sum == ""):
		return sum, errors.New("want a key, or its SHA-256")
	case e.Key != "" && (len(e.Key) < leastSecret || len(e.Key) > mostSecret):
		return sum, fmt.Errorf("a key has %d to %d characters", leastSecret, mostSecret)
	case strings.ContainsFunc(e.Key, func(c rune) bool { return c <= ' ' || c > '~' }):
		return sum, errors.New("a key has visible ASCII characters alone: no HTTP header carries others")
	case e.Key != "":
		return sha256.Sum256([]byte(e.Key)), nil
	}
	raw, err := hex.DecodeString(e.Sum)
	if err != nil || len(raw) != sha256.Size {
		return sum, fmt.Errorf("a SHA-256 has %d hexadecimal digits", 2*sha256.Size)
	}
	return [sha256.Size]byte(raw), nil
}

// checkPattern tells what is wrong with a pattern of channels to publish to.
func checkPattern(pattern string) error {
	_, err := channel.Check([]byte(pattern), channel.Limits{})
	if err == nil && strings.HasSuffix(pattern, "/") {
		return errors.New("a pattern has no slash at its end")
	}
	return err
}

// follow takes over the counters of an earlier file, and says what differs from it. A key that is as it was keeps
// everything.
func (c *contents) follow(before *contents) (changed []string) {
	for i, k := range c.keys {
		at := slices.IndexFunc(before.keys, func(old *Key) bool { return old.Name == k.Name })
		if at < 0 {
			changed = append(changed, "added "+k.Name)
			continue
		}
		old := before.keys[at]
		if k.use = old.use; k.same(old) {
			c.keys[i] = old
		} else {
			changed = append(changed, "changed "+k.Name)
		}
	}
	for _, old := range before.keys {
		if !slices.ContainsFunc(c.keys, func(k *Key) bool { return k.Name == old.Name }) {
			changed = append(changed, "removed "+old.Name)
		}
	}
	return changed
}

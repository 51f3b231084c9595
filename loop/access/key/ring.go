package key

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"slices"
	"sync/atomic"
)

// Ring is all keys that are good now; the zero Ring has none.
type Ring struct {
	master *Key   // nil: there is none
	path   string // of the key file; empty: there is none
	file   atomic.Pointer[contents]
}

// Open returns the ring of a master key and a key file; either may be empty.
func Open(secret, path string) (*Ring, error) {
	r := &Ring{path: path}
	if secret != "" {
		r.master = master(secret)
	}
	if path == "" {
		return r, nil
	}
	_, err := r.Reload()
	return r, err
}

// Name is what the log calls the key file.
func (r *Ring) Name() string { return "internal-keys" }

// Files are the key file, if there is one.
func (r *Ring) Files() []string {
	if r.path == "" {
		return nil
	}
	return []string{r.path}
}

// Asks tells whether a key is asked for at all.
func (r *Ring) Asks() bool { return r.master != nil || r.path != "" }

// Find returns the key that was given, or nil. It takes as long for a right one as for a wrong one.
func (r *Ring) Find(given string) *Key {
	sum := sha256.Sum256([]byte(given))
	keys := r.all()
	found := -1
	for i, k := range keys {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(sum[:], k.sum[:]), i, found)
	}
	if found < 0 {
		return nil
	}
	return keys[found]
}

// now is what the key file has.
func (r *Ring) now() *contents {
	if c := r.file.Load(); c != nil {
		return c
	}
	return new(contents)
}

func (r *Ring) all() []*Key {
	keys := r.now().keys
	if r.master != nil {
		keys = append(keys[:len(keys):len(keys)], r.master)
	}
	return keys
}

// Reload reads the key file again and returns what has changed. If the file is bad, the keys stay as they were.
func (r *Ring) Reload() (changed []string, err error) {
	if r.path == "" {
		return nil, nil
	}
	c, err := read(r.path)
	if err == nil && r.master != nil && slices.ContainsFunc(c.keys, func(k *Key) bool { return k.sum == r.master.sum }) {
		err = fmt.Errorf("a key is that of --internal-key, which is good for everything")
	}
	if err != nil {
		return nil, fmt.Errorf("--internal-keys %s: %w", r.path, err)
	}
	before := r.now()
	changed = c.follow(before)
	r.file.Store(c)
	return changed, nil
}

// Figures are what has been done with each key.
func (r *Ring) Figures() []Figures {
	var list []Figures
	for _, k := range r.all() {
		list = append(list, k.figures())
	}
	return list
}

// Exposed says what is wrong with the permissions of the key file; empty: nothing.
func (r *Ring) Exposed() string {
	if c := r.now(); c.plain && c.mode&0o077 != 0 {
		return fmt.Sprintf("others may read --internal-keys %s, which has keys in plain: take their permission (chmod 600), or write sha256: and the sum of each key", r.path)
	}
	return ""
}

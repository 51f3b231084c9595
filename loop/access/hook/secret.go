// Proved by TestSecretIsReadAgain and TestQuestions.

package hook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// secret signs what is sent.
type secret struct {
	path string // empty: nothing is signed
	key  atomic.Pointer[[]byte]
}

// The limits of a secret.
const (
	leastSecret = 16
	mostSecret  = 4096
)

func openSecret(path string) (*secret, error) {
	s := &secret{path: path}
	if path == "" {
		return s, nil
	}
	_, err := s.Reload()
	return s, err
}

// Name is what the log calls the secret.
func (*secret) Name() string { return "hook-secret-file" }

// Files are the secret's file, if there is one.
func (s *secret) Files() []string {
	if s.path == "" {
		return nil
	}
	return []string{s.path}
}

// exposed says what is wrong with the permissions of the secret's file; empty: nothing.
func (s *secret) exposed() string {
	if info, err := os.Stat(s.path); s.path == "" || err != nil || info.Mode()&0o077 == 0 {
		return ""
	}
	return fmt.Sprintf("others may read --hook-secret-file %s: whoever knows it can ask --hook-url as this server does. Take their permission (chmod 600)", s.path)
}

// Reload reads the secret again; a bad one leaves the old.
func (s *secret) Reload() (changed []string, err error) {
	if s.path == "" {
		return nil, nil
	}
	info, err := os.Stat(s.path)
	if err == nil && info.Size() > mostSecret {
		err = fmt.Errorf("longer than %d bytes", mostSecret)
	}
	var key []byte
	if err == nil {
		key, err = os.ReadFile(s.path)
	}
	if key = bytes.TrimRight(key, "\r\n"); err == nil && len(key) < leastSecret {
		err = errors.New("a secret has at least 16 bytes")
	}
	if err != nil {
		return nil, fmt.Errorf("--hook-secret-file %s: %w", s.path, err)
	}
	if old := s.key.Swap(&key); old != nil && !bytes.Equal(*old, key) {
		changed = append(changed, "another secret")
	}
	return changed, nil
}

// signatureHeader has when a body was sent, and the HMAC-SHA256 of that time, a dot and the body.
const signatureHeader = "Halley-Signature"

// sign is the value of the header; empty where nothing is signed.
func (s *secret) sign(body []byte, now time.Time) string {
	key := s.key.Load()
	if key == nil {
		return ""
	}
	at := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, *key)
	mac.Write([]byte(at + "."))
	mac.Write(body)
	return "t=" + at + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Proved by TestClientsWithTokens and TestSubTellsOfAStaleToken.

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"halley/bayeux/client"
)

// tokenFile is a file with a token for a server. Whoever renews the token writes it anew.
type tokenFile string

// ask is what gives a client its tokens, nil if there is no file.
func (f tokenFile) ask() func(context.Context) (string, error) {
	if f == "" {
		return nil
	}
	return func(context.Context) (string, error) {
		text, err := os.ReadFile(string(f))
		return string(bytes.TrimSpace(text)), err
	}
}

// explained is an error that says what helps where the token has expired.
func (f tokenFile) explained(err error) error {
	if f != "" && client.TokenExpired(err) {
		return fmt.Errorf("%w: --token-file needs a fresh token", err)
	}
	return err
}

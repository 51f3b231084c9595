// Proved by TestGuesses and TestGuess.

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
)

// guesses tries clientIds that look like one of its own, to take the sessions of others.
func guesses() adversary {
	return adversary{
		name: "guesses", what: "20,000 clientIds that look like a neighbour's, for connects, publishes and disconnects",
		attack: func(ctx context.Context, s *server) error {
			own, err := s.session(ctx, "", "")
			if err != nil || own == "" {
				return err
			}
			return atOnce(4, func(n int) error {
				random := rand.New(rand.NewPCG(1, uint64(n)))
				for range 50 {
					var batch []string
					for i := range 100 {
						id := guess(random, own)
						batch = append(batch, fmt.Sprintf([]string{
							`{"channel":"/meta/connect","connectionType":"long-polling","clientId":%q,"advice":{"timeout":0}}`,
							`{"channel":"/good/prices","clientId":%q,"data":-1}`,
							`{"channel":"/meta/disconnect","clientId":%q}`,
						}[i%3], id))
					}
					replies, err := s.post(ctx, "["+strings.Join(batch, ",")+"]")
					if err != nil {
						return err
					}
					for _, reply := range replies {
						if reply["successful"] == true {
							return broken("a guess was right: " + fmt.Sprint(reply))
						}
					}
				}
				return nil
			})
		},
	}
}

// guess is a clientId that differs from another in a few places.
func guess(random *rand.Rand, like string) string {
	b := []byte(like)
	for range 1 + random.IntN(8) {
		at := random.IntN(len(b))
		for before := b[at]; b[at] == before; {
			b[at] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[random.IntN(62)]
		}
	}
	return string(b)
}

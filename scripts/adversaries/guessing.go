// Proved by TestGuesses and TestGuess.

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
)

// guesses tries clientIds that look like one of its own, to take the sessions of others.
func guesses() adversary {
	return adversary{
		name: "guesses", what: "20,000 clientIds that look like a neighbour's, for connects, publishes and disconnects",
		flags: []string{"--wrong-clientids", "6"}, // in a minute: the slowest server has more
		attack: func(ctx context.Context, s *server) error {
			s = s.seenFrom("127.0.0.11")
			defer s.client.CloseIdleConnections()
			own, err := s.session(ctx, "", "")
			if err != nil || own == "" {
				return err
			}
			return atOnce(4, func(n int) error {
				random := rand.New(rand.NewPCG(1, uint64(n)))
				for n := range 50 {
					var batch []string
					for i := range 100 {
						id := guess(random, own)
						if n%2 == 0 && i == 0 { // by which the batch is judged
							id = guessSecret(random, own)
						}
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
		judge: func(last figures) (faults []string) {
			wrong, refused := last["halley_clientids_wrong_total"], last[`halley_clients_refused_total{cause="clientids"}`]
			if wrong < 100 {
				faults = append(faults, fmt.Sprintf("%.0f wrong clientIds were counted, of 100 or more", wrong))
			}
			if refused == 0 || refused >= wrong {
				faults = append(faults, fmt.Sprintf("%.0f of %.0f wrong clientIds were refused", refused, wrong))
			}
			return faults
		},
	}
}

// seenFrom is the server as a client of another address has it.
func (s *server) seenFrom(address string) *server {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return s.from(ctx, address) }
	return &server{public: s.public, client: &http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// addressDigits is how many digits of a clientId tell where its session lives; the others are its secret.
const addressDigits = 20

// guessSecret is a clientId that names a session, with a secret that is wrong.
func guessSecret(random *rand.Rand, like string) string {
	b := []byte(like)
	for i := addressDigits; i < len(b)-1; i++ { // the last digit has bits that must be 0
		b[i] = "0123456789abcdefghijklmnopqrstuv"[random.IntN(32)]
	}
	return string(b)
}

// guess is a clientId that differs from another in a few places.
func guess(random *rand.Rand, like string) string {
	b := []byte(like)
	for left := 1 + random.IntN(8); left > 0 || string(b) == like; left-- { // a place may have been chosen twice, and be as before
		at := random.IntN(len(b))
		for before := b[at]; b[at] == before; {
			b[at] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[random.IntN(62)]
		}
	}
	return string(b)
}

// Proved by TestMutation and TestMutated.

package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"time"
)

// mutated sends valid requests and frames with some damage: bytes that are changed, lost, doubled, or in another's place.
// What it sends depends on the seed alone, but for the session's id.
func mutated(count int, seed uint64) adversary {
	return adversary{
		name: "mutated", what: fmt.Sprintf("%d damaged requests and frames (--mutations, --seed)", count),
		attack: func(ctx context.Context, s *server) error {
			id, err := s.session(ctx, "", "")
			if err != nil || id == "" {
				return err
			}
			heads, frames := samples(s.public, id)
			const workers = 8
			return atOnce(workers, func(n int) error {
				random := rand.New(rand.NewPCG(seed, uint64(n)))
				for left := count / workers; left > 0 && ctx.Err() == nil; left -= perConnection {
					upgraded := random.IntN(2) == 0
					if err := s.sendDamaged(ctx, random, upgraded, heads, frames); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

// perConnection is how many are sent by one connection, behind each other.
const perConnection = 5

// sendDamaged sends some by one connection, and hears what comes for as long as something does.
func (s *server) sendDamaged(ctx context.Context, random *rand.Rand, upgraded bool, heads, frames []string) error {
	conn, err := s.from(ctx, "127.0.0.11")
	if err != nil {
		return err
	}
	defer dropped(conn)
	samples := heads
	if upgraded {
		samples = frames
		io.WriteString(conn, upgradeHead(s.public))
	}
	for range perConnection {
		if _, err := io.WriteString(conn, damage(random, samples[random.IntN(len(samples))])); err != nil {
			return nil // cut off
		}
	}
	conn.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	io.Copy(io.Discard, conn)
	return nil
}

// samples are valid requests and frames of a session.
func samples(host, id string) (heads, frames []string) {
	batches := []string{
		handshakeBatch,
		fmt.Sprintf(`[{"channel":"/meta/connect","connectionType":"long-polling","clientId":%q,"advice":{"timeout":0}}]`, id),
		"[" + subscribe(id, `["/damage/*","/damage/**"]`, `"replay":{"/damage/*":-2},"conflate":{"interval":100}`) + "]",
		fmt.Sprintf(`[{"channel":"/damage/a","clientId":%q,"id":"7","data":{"a":[1.5e3,true,null,"\u00e4\ud83d\ude00"]}}]`, id),
		fmt.Sprintf(`[{"channel":"/meta/unsubscribe","clientId":%q,"subscription":"/damage/*"}]`, id),
	}
	for _, batch := range batches {
		heads = append(heads,
			fmt.Sprintf("POST /bayeux HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nOrigin: http://%s\r\nCookie: BAYEUX_BROWSER=0123456789abcdef\r\nContent-Length: %d\r\n\r\n%s", host, host, len(batch), batch),
			fmt.Sprintf("POST /cometd/x HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", host, len(batch), batch),
			fmt.Sprintf("GET /bayeux?jsonp=f&message=%s HTTP/1.1\r\nHost: %s\r\n\r\n", url.QueryEscape(batch), host))
		frames = append(frames, frame(batch), frame(batch), "\x89\x84\x00\x00\x00\x00ping", "\x01\x83\x00\x00\x00\x00[{\"\x80\x80\x00\x00\x00\x00")
	}
	heads = append(heads, upgradeHead(host),
		fmt.Sprintf("GET /events?channel=/damage/*&lastEventId=-2 HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n\r\n", host),
		fmt.Sprintf("GET / HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: gzip\r\nIf-None-Match: \"x\"\r\n\r\n", host),
		fmt.Sprintf("OPTIONS /bayeux HTTP/1.1\r\nHost: %s\r\nOrigin: http://a\r\nAccess-Control-Request-Headers: x-a\r\n\r\n", host))
	return heads, frames
}

// damage is text with up to three kinds of damage.
func damage(random *rand.Rand, text string) string {
	b := []byte(text)
	for range random.IntN(4) {
		if len(b) == 0 {
			break
		}
		at := random.IntN(len(b))
		end := min(len(b), at+1+random.IntN(16))
		switch random.IntN(7) {
		case 0:
			b[at] = byte(random.Uint32())
		case 1:
			b[at] ^= 1 << random.IntN(8)
		case 2: // lost
			b = append(b[:at], b[end:]...)
		case 3: // doubled
			b = append(b[:end:end], b[at:]...)
		case 4: // cut off
			b = b[:at]
		case 5: // in another's place
			to := random.IntN(len(b))
			copy(b[to:], b[at:end])
		case 6:
			inserted := []string{"\r\n", "\x00", "\xff", "{", "\"", "999999999999999999999", "%", "\r\n\r\n", "../", "[[[[[[[["}[random.IntN(10)]
			b = append(b[:at:at], append([]byte(inserted), b[at:]...)...)
		}
	}
	return string(b)
}

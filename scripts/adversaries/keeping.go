package main

import (
	"context"
	"fmt"
	"strings"
)

// longInterval pins the newest event of each of many channels by an interval of an hour, then leaves.
func longInterval() adversary {
	return adversary{
		name: "long-interval", what: "an interval of an hour for 2,000 channels with events of 60 KB, then leaves",
		attack: func(ctx context.Context, s *server) error {
			id, err := s.session(ctx, "", "")
			if err != nil || id == "" {
				return err
			}
			if _, err := s.post(ctx, "["+subscribe(id, `"/pin/*"`, `"conflate":{"interval":3600000}`)+"]"); err != nil {
				return err
			}
			for i := range 2000 {
				if _, err := s.publish(ctx, event(fmt.Sprintf("/pin/%d", i), padding(60_000))); err != nil {
					return err
				}
			}
			_, err = s.post(ctx, fmt.Sprintf(`[{"channel":"/meta/disconnect","clientId":%q}]`, id))
			return err
		},
	}
}

// neverAcknowledges asks for acknowledgements and never sends one.
func neverAcknowledges() adversary {
	return adversary{
		name: "never-acknowledges", what: "20 sessions with acknowledgements that never acknowledge what they read",
		attack: func(ctx context.Context, s *server) error {
			return atOnce(20, func(n int) error {
				id, err := s.session(ctx, `"ack":true`, "")
				if err != nil || id == "" {
					return err
				}
				channel := fmt.Sprintf("/ack/%d", n)
				if _, err := s.post(ctx, "["+subscribe(id, fmt.Sprintf("%q", channel), "")+"]"); err != nil {
					return err
				}
				for range 100 {
					if _, err := s.publish(ctx, event(channel, padding(60_000))); err != nil {
						return err
					}
					connect := fmt.Sprintf(`[{"channel":"/meta/connect","connectionType":"long-polling","clientId":%q,"advice":{"timeout":0},"ext":{"ack":0}}]`, id)
					if _, err := s.post(ctx, connect); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

// fillsAndLeaves has sessions that say they come back in ten minutes, and fills their queues.
func fillsAndLeaves(sessions int) adversary {
	return adversary{
		name: "fills-and-leaves", what: fmt.Sprintf("%d sessions that stay away for ten minutes with full queues", sessions),
		attack: func(ctx context.Context, s *server) error {
			return atOnce(10, func(n int) error {
				for i := range sessions / 10 {
					id, err := s.session(ctx, "", `,"interval":600000`)
					if err != nil {
						return err
					}
					channel := fmt.Sprintf("/fill/%d/%d", n, i)
					if _, err := s.post(ctx, "["+subscribe(id, fmt.Sprintf("%q", channel), "")+"]"); err != nil {
						return err
					}
					for range 40 {
						if _, err := s.publish(ctx, event(channel, padding(60_000))); err != nil {
							return err
						}
					}
				}
				return nil
			})
		},
	}
}

// largeBodies sends the longest bodies of the smallest messages to /publish, five at once.
func largeBodies() adversary {
	return adversary{
		name: "large-bodies", what: "five bodies of 16 MB of small messages to /publish at once, for a subscriber",
		attack: func(ctx context.Context, s *server) error {
			id, err := s.session(ctx, "", "")
			if err != nil {
				return err
			}
			if _, err := s.post(ctx, "["+subscribe(id, `"/a"`, "")+"]"); err != nil {
				return err
			}
			body := "[" + strings.TrimSuffix(strings.Repeat(`{"channel":"/a","data":1},`, 16<<20/26-1), ",") + "]"
			return atOnce(5, func(int) error {
				_, err := s.publish(ctx, body)
				return err
			})
		},
	}
}

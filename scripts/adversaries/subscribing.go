// Proved by TestSamePatterns, TestManyPatterns and TestManyIntervals.

package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// samePatterns subscribes to one pattern 10,000 times in one message, with a replay.
func samePatterns() adversary {
	return adversary{
		name: "same-patterns", what: "subscribes to one pattern 10,000 times in a message, 20 at once",
		flags: []string{"--rule", "/a history=1000"},
		attack: func(ctx context.Context, s *server) error {
			patterns := "[" + strings.TrimSuffix(strings.Repeat(`"/a",`, 10_000), ",") + "]"
			return atOnce(20, func(int) error {
				id, err := s.session(ctx, `"replay":true`, "")
				if err != nil {
					return err
				}
				_, err = s.post(ctx, "["+subscribe(id, patterns, `"replay":{"/a":-1}`)+"]")
				return err
			})
		},
	}
}

// manyPatterns has sessions first, then subscribes each to as many patterns of their own as it may, as long as they may be.
func manyPatterns(sessions int) adversary {
	return adversary{
		name: "many-patterns", what: fmt.Sprintf("%d sessions, then 1,000 patterns of 250 bytes for each", sessions),
		attack: func(ctx context.Context, s *server) error {
			return atOnce(10, func(n int) error {
				var ids []string
				for range sessions / 10 {
					id, err := s.session(ctx, "", `,"interval":600000`)
					if err != nil {
						return err
					}
					ids = append(ids, id)
				}
				for i, id := range ids {
					for part := range 5 {
						var list []string
						for p := range 200 {
							list = append(list, fmt.Sprintf("%q", fmt.Sprintf("/%d/%d/%d/%d/%0230d", n, i, part, p, 0)))
						}
						if _, err := s.post(ctx, "["+subscribe(id, "["+strings.Join(list, ",")+"]", "")+"]"); err != nil {
							return err
						}
					}
				}
				return nil
			})
		},
	}
}

// manyIntervals has sessions of 1,000 patterns, one of them with an interval, and publishes to new channels.
func manyIntervals() adversary {
	return adversary{
		name: "many-intervals", what: "100 sessions of 1,000 patterns, one with an interval, and 700 publishes to new channels",
		attack: func(ctx context.Context, s *server) error {
			var list []string
			for i := range 999 {
				list = append(list, fmt.Sprintf(`"/i/%d"`, i))
			}
			patterns := "[" + strings.Join(list, ",") + "]"
			var last string
			err := atOnce(10, func(int) error {
				for range 10 {
					id, err := s.session(ctx, "", "")
					if err != nil {
						return err
					}
					if _, err = s.post(ctx, "["+subscribe(id, patterns, "")+","+subscribe(id, `"/new/*"`, `"conflate":{"interval":60000}`)+"]"); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			if last, err = s.session(ctx, "", ""); err != nil {
				return err
			}
			var batch []string
			for i := range 700 {
				batch = append(batch, fmt.Sprintf(`{"channel":"/new/%d","clientId":%q,"data":1}`, i, last))
			}
			_, err = s.post(ctx, "["+strings.Join(batch, ",")+"]")
			return err
		},
	}
}

// manyReplays asks for all of a long history again and again, by patterns that match and by ones that do not.
func manyReplays() adversary {
	return adversary{
		name: "many-replays", what: "100 subscriptions to all of a history, and 1,000 wildcards that match nothing",
		flags: []string{"--rule", "/h/** history=100000", "--history-bytes", "48MiB"},
		fill: func(ctx context.Context, s *server) error {
			for range 20 {
				var batch []string
				for i := range 5000 {
					batch = append(batch, event(fmt.Sprintf("/h/%d", i%1000), "1"))
				}
				if _, err := s.publish(ctx, "["+strings.Join(batch, ",")+"]"); err != nil {
					return err
				}
			}
			return nil
		},
		attack: func(ctx context.Context, s *server) error {
			return atOnce(10, func(n int) error {
				id, err := s.session(ctx, `"replay":true`, "")
				if err != nil {
					return err
				}
				var batch []string
				for i := range 100 {
					batch = append(batch, subscribe(id, `"/h/**"`, `"replay":{"/h/**":-2}`), subscribe(id, fmt.Sprintf(`"/h/%d/none/*"`, i), `"replay":-2`))
				}
				_, err = s.post(ctx, "["+strings.Join(batch, ",")+"]")
				return err
			})
		},
	}
}

// atOnce does something so many times at once, and returns one of the errors.
func atOnce(times int, do func(n int) error) (err error) {
	var group sync.WaitGroup
	errs := make(chan error, times)
	for n := range times {
		group.Go(func() { errs <- do(n) })
	}
	group.Wait()
	for range times {
		if e := <-errs; e != nil {
			err = e
		}
	}
	return err
}

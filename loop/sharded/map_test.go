package sharded

import (
	"sync"
	"testing"
)

// Many goroutines count the same keys, and none of their counts is lost.
func TestCountsOfMany(t *testing.T) {
	const goroutines, keys, rounds = 4, 200, 50
	m := New[uint64, int]()
	var group sync.WaitGroup
	for range goroutines {
		group.Go(func() {
			for range rounds {
				for key := range uint64(keys) {
					shard := m.Of(key)
					shard.Lock()
					shard.Entries[key]++
					shard.Unlock()
				}
				m.Trim()
			}
		})
	}
	group.Wait()
	if m.Len() != keys {
		t.Errorf("%d keys, want %d", m.Len(), keys)
	}
	seen := 0
	m.Lock()
	defer m.Unlock()
	m.All(func(key uint64, n int) {
		if seen++; n != goroutines*rounds {
			t.Errorf("key %d was counted %d times", key, n)
		}
	})
	if seen != keys {
		t.Errorf("%d keys are visited", seen)
	}
}

// Lock locks every shard, and Each the one that it visits.
func TestLocks(t *testing.T) {
	m := New[int, int]()
	m.Lock()
	for hash := range uint64(2 * Count) {
		if m.Of(hash).TryLock() {
			t.Fatalf("the shard of %d is not locked", hash)
		}
	}
	m.Unlock()
	m.Each(func(s *Shard[int, int]) {
		if s.TryRLock() {
			t.Fatal("a shard is visited that is not locked")
		}
	})
	for hash := range uint64(Count) {
		if !m.Of(hash).TryLock() {
			t.Fatalf("the shard of %d stays locked", hash)
		}
	}
}

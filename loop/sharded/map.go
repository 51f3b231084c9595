// Package sharded has a map that all loops share, in parts with a lock each: loops that use
// different keys seldom wait for each other, however many keys there are.
package sharded

import (
	"maps"
	"sync"
)

// Count is the number of parts of a Map.
const Count = 64

// Map is a map in parts. Keys are hashed by its user, who looks them up in ways of its own.
type Map[K comparable, V any] struct {
	shards [Count]Shard[K, V]
}

// Shard is one part of a Map. Its entries are looked at and changed while it is locked.
type Shard[K comparable, V any] struct {
	sync.RWMutex
	Entries map[K]V
}

// New returns an empty Map.
func New[K comparable, V any]() *Map[K, V] {
	m := new(Map[K, V])
	for i := range m.shards {
		m.shards[i].Entries = make(map[K]V)
	}
	return m
}

// Of returns the shard of the keys with a hash.
func (m *Map[K, V]) Of(hash uint64) *Shard[K, V] { return &m.shards[hash%Count] }

// Lock locks all shards.
func (m *Map[K, V]) Lock() {
	for i := range m.shards {
		m.shards[i].Lock()
	}
}

// Unlock unlocks all shards.
func (m *Map[K, V]) Unlock() {
	for i := range m.shards {
		m.shards[i].Unlock()
	}
}

// Each calls visit with each shard, locked.
func (m *Map[K, V]) Each(visit func(*Shard[K, V])) {
	for i := range m.shards {
		m.shards[i].Lock()
		visit(&m.shards[i])
		m.shards[i].Unlock()
	}
}

// All calls visit with every entry. All shards are locked, by Lock.
func (m *Map[K, V]) All(visit func(K, V)) {
	for i := range m.shards {
		for k, v := range m.shards[i].Entries {
			visit(k, v)
		}
	}
}

// Len is the number of entries.
func (m *Map[K, V]) Len() (n int) {
	m.Each(func(s *Shard[K, V]) { n += len(s.Entries) })
	return n
}

// Trim gives back the room of entries that are gone: maps do not shrink.
func (m *Map[K, V]) Trim() {
	m.Each(func(s *Shard[K, V]) {
		fit := make(map[K]V, len(s.Entries))
		maps.Copy(fit, s.Entries)
		s.Entries = fit
	})
}

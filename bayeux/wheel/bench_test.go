package wheel

import "testing"

// held is a wheel with n polls held for 30 s, opened over 30 s. IDs are visited in an order that no cache likes.
func held(n uint32) *Wheel {
	w := New(100, 2048, 0)
	for id := range n {
		w.Set(id, int64(id)*30_000/int64(n)+30_000)
	}
	return w
}

const polls = 1 << 20

func BenchmarkSetLater(b *testing.B) {
	w := held(polls)
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		w.Set(i*2654435761%polls, 60_000+int64(i&1023))
	}
}

func BenchmarkCancelAndSet(b *testing.B) {
	w := held(polls)
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		id := i * 2654435761 % polls
		w.Cancel(id)
		w.Set(id, 30_000+int64(i&1023)*10)
	}
}

// BenchmarkAdvance: one operation is one expiry, armed again for 30 s.
func BenchmarkAdvance(b *testing.B) {
	w, now := held(polls), int64(30_000)
	dst := make([]uint32, 0, 2000)
	b.ReportAllocs()
	for i := 0; i < b.N; {
		dst = w.Advance(now, 2000, dst[:0])
		for _, id := range dst {
			w.Set(id, now+30_000)
		}
		if i += len(dst); len(dst) < 2000 {
			now += 100
		}
	}
}

func BenchmarkAdvanceIdle(b *testing.B) {
	w, now := held(polls), int64(0)
	for i := 0; i < b.N; i++ {
		w.Advance(now, 2000, nil)
		if now += 1; now == 30_000 {
			b.StopTimer()
			w, now = held(polls), 0
			b.StartTimer()
		}
	}
}

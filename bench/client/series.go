package client

// BucketWidth is the length of one element of a Result's Series in nanoseconds.
const BucketWidth = int64(100_000_000)

// Bucket is what happened in one slice of time; element i of a series covers the
// time from i to i+1 times BucketWidth after the run's start.
type Bucket struct {
	Delivered int64 `json:"d,omitempty"`
	Ramped    int64 `json:"c,omitempty"` // subscribers that became held for the first time
	Held      int   `json:"h,omitempty"` // largest number of held subscribers
}

// maxBuckets bounds a series to three hours; later events count in the last bucket.
const maxBuckets = 3 * 3600 * 10

type series struct {
	buckets []Bucket
	held    int // of the latest report, for the buckets that no report falls into
}

func (s *series) at(now int64) *Bucket {
	i := int(min(max(now, 0)/BucketWidth, maxBuckets-1))
	for len(s.buckets) <= i {
		s.buckets = append(s.buckets, Bucket{Held: s.held})
	}
	return &s.buckets[i]
}

// heldAt notes how many subscribers are held at a report.
func (s *series) heldAt(now int64, held int) {
	s.held = held
	b := s.at(now)
	b.Held = max(b.Held, held)
}

package client

import "testing"

func TestSeriesBuckets(t *testing.T) {
	var s series
	s.at(BucketWidth/2).Delivered++
	s.held = 7
	s.at(3*BucketWidth + 1).Delivered += 2
	s.at(-5).Delivered++
	s.at(1<<62).Ramped++ // falls into the last bucket and does not exhaust memory
	if s.buckets[0].Delivered != 2 || s.buckets[3].Delivered != 2 || s.buckets[2].Held != 7 || len(s.buckets) != maxBuckets {
		t.Errorf("%+v of %d", s.buckets[:4], len(s.buckets))
	}
}

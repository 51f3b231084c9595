package main

import (
	"slices"
	"testing"
	"testing/fstest"
)

func TestFamily(t *testing.T) {
	proc := fstest.MapFS{
		"1/stat": {Data: []byte("1 (init) S 0 1 1")}, "10/stat": {Data: []byte("10 (a (b) 3) S 1 10 10")}, "11/stat": {Data: []byte("11 (worker) S 10 10 10")},
		"12/stat": {Data: []byte("12 (worker) S 11 12 12")}, "13/stat": {Data: []byte("13 (other) S 1 13 13")}, "14/stat": {Data: []byte("torn")}, "uptime": {},
	}
	if got := family(proc, 10); !slices.Equal(got, []int{10, 11, 12}) {
		t.Errorf("%v", got)
	}
	if got := family(fstest.MapFS{}, 10); !slices.Equal(got, []int{10}) {
		t.Errorf("without /proc: %v", got)
	}
}

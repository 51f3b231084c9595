package socket

import (
	"io"
	"sync"
	"testing"
)

// A loop is told once when a connection takes output again, and of the right one.
func TestWritable(t *testing.T) {
	told := make(chan ID, 8)
	w, err := NewWritable(func(at ID) { told <- at })
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(w.Run)
	full, client := open(t, &host{})
	idle, _ := open(t, &host{})
	on(t, full, func() {
		full.Write(make([]byte, much))
		w.Watch(full.Conn(), ID{Loop: 1, Slot: 7})
	})
	w.Watch(idle.Conn(), ID{Loop: 2, Slot: 1<<32 - 1})
	if at := <-told; at != (ID{Loop: 2, Slot: 1<<32 - 1}) {
		t.Errorf("told of %v, whose output waits", at)
	}
	if _, err := io.ReadFull(client, make([]byte, much)); err != nil {
		t.Fatal(err)
	}
	if at := <-told; at != (ID{Loop: 1, Slot: 7}) {
		t.Errorf("told of %v", at)
	}
	w.Watch(full.Conn(), ID{Loop: 1, Slot: 8}) // anew, after it was told of
	if at := <-told; at != (ID{Loop: 1, Slot: 8}) {
		t.Errorf("told of %v", at)
	}
	w.Close()
	running.Wait()
	if len(told) != 0 {
		t.Errorf("told of %v more than once", <-told)
	}
}

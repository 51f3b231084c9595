package links

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
)

// However often a link falls silent, what was sent comes whole and in order when it speaks again.
func TestSilencesLoseNothing(t *testing.T) {
	link, random := echo(t), rand.New(rand.NewPCG(3, 9))
	c, in := dial(t, link)
	sent := make([]byte, 300_000)
	for i := range sent {
		sent[i] = byte(random.Uint32())
	}
	received := make(chan []byte)
	go func() {
		got := make([]byte, len(sent))
		_, _ = io.ReadFull(in, got)
		received <- got
	}()
	for rest := sent; len(rest) > 0; {
		link.Set([]State{Whole, Silent}[random.IntN(2)])
		n := min(1+random.IntN(20_000), len(rest))
		if _, err := c.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
		link.Set(Whole)
	}
	if got := <-received; !bytes.Equal(got, sent) {
		t.Error("what came back is not what was sent")
	}
}

// A silent link that breaks ends what waited for it, and nothing of that comes later.
func TestSilenceThatEndsWithABreak(t *testing.T) {
	link := echo(t)
	c, in := dial(t, link)
	says(t, c, in, "before")
	link.Set(Silent)
	_, _ = io.WriteString(c, "never\n")
	link.Set(Broken)
	if line, err := in.ReadString('\n'); err == nil {
		t.Errorf("%q comes all the same", line)
	}
	link.Set(Whole)
	other, otherIn := dial(t, link)
	says(t, other, otherIn, "after")
}

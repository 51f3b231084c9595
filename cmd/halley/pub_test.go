package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"halley/bayeux/client"
	"halley/cmd/halley/publish"
)

// taker is a Publisher that keeps what it is given.
type taker struct {
	batches chan []string
	err     error
	closing error
}

func (p *taker) Publish(_ context.Context, batch []publish.Message) ([]publish.Refusal, error) {
	var got []string
	for _, m := range batch {
		got = append(got, m.Channel+" "+string(m.Data))
	}
	p.batches <- got
	return nil, p.err
}

func (p *taker) Close(context.Context) error { return p.closing }

func newSender(ctx context.Context) (*sender, *taker) {
	to := &taker{batches: make(chan []string, 100)}
	return &sender{ctx: ctx, to: to, log: &buffer{}, begun: time.Now()}, to
}

// What came through a pipe is published before the next line comes.
func TestLinesArePassedOnAtOnce(t *testing.T) {
	r, w := io.Pipe()
	s, to := newSender(context.Background())
	done := make(chan error, 1)
	go func() { done <- sendLines(environment{ctx: s.ctx, stdin: r}, s, "/a") }()
	for i := range 3 {
		fmt.Fprintf(w, "%d\n", i)
		if got, want := <-to.batches, []string{fmt.Sprintf("/a %d", i)}; !slices.Equal(got, want) {
			t.Errorf("published %v, want %v", got, want)
		}
	}
	w.Close()
	if err := <-done; err != nil || s.published != 3 {
		t.Errorf("published %d, %v", s.published, err)
	}
}

func TestLinesEndOnInterrupt(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(context.Background())
	s, _ := newSender(ctx)
	done := make(chan error, 1)
	go func() { done <- sendLines(environment{ctx: ctx, stdin: r}, s, "/a") }()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestLinesReportReadingErrors(t *testing.T) {
	s, _ := newSender(context.Background())
	broken := io.MultiReader(strings.NewReader("1\n"), errorReader{})
	if err := sendLines(environment{ctx: s.ctx, stdin: broken}, s, "/a"); !errors.Is(err, errBroken) {
		t.Errorf("sendLines() = %v", err)
	}
}

var errBroken = errors.New("broken pipe")

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errBroken }

func TestBatchesAreBounded(t *testing.T) {
	s, to := newSender(context.Background())
	for range 2*maxBatchMessages + 1 {
		if err := s.add(publish.Message{Channel: "/a", Data: []byte("1")}, "x"); err != nil {
			t.Fatal(err)
		}
	}
	big := publish.Message{Channel: "/a", Data: make([]byte, maxBatchBytes)}
	if err := s.add(big, "big"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{maxBatchMessages, maxBatchMessages, 2} {
		if got := len(<-to.batches); got != want {
			t.Errorf("a batch of %d, want %d", got, want)
		}
	}
	to.err = errBroken
	s.add(publish.Message{}, "x")
	if err := s.flush(); !errors.Is(err, errBroken) || s.published != 2*maxBatchMessages+2 {
		t.Errorf("published %d, %v", s.published, err)
	}
}

func TestComplaintsAreBounded(t *testing.T) {
	s, _ := newSender(context.Background())
	for i := range 100 {
		s.refuse(fmt.Sprint("message ", i), "no")
	}
	if got := strings.Count(s.log.(*buffer).String(), "\n"); got != maxComplaints || s.refused != 100 {
		t.Errorf("%d complaints about %d refused", got, s.refused)
	}
}

func TestReplayIsInterrupted(t *testing.T) {
	t.Parallel()
	s, _, internal := server(t)
	pub := start(t, "pub", "--server="+internal, "--csv=synthetic", "--channel=/a", "--time=ms_since_midnight")
	eventually(t, func() bool {
		return !strings.Contains(get(t, internal+"/metrics"), "halley_messages_published_total 0\n")
	}, pub.log)
	if code := pub.stop(); code != 1 || !strings.Contains(pub.log.String(), "interrupted") {
		t.Errorf("exit %d, %s", code, pub.log)
	}
	if got := pub.out.String(); !strings.HasPrefix(got, "the feed is generated, not recorded\npublished ") {
		t.Errorf("printed %s", got)
	}
	s.stop()
}

func TestPrinterEndsWhenNobodyReads(t *testing.T) {
	r, w := io.Pipe()
	r.Close()
	p := &printer{w: w, full: make(chan struct{})}
	for range 2 {
		p.print(client.Message{Channel: "/a"})
	}
	<-p.full
	if err := p.result(0); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("result() = %v", err)
	}
}

func TestAppendLine(t *testing.T) {
	for data, want := range map[string]string{
		`{"a": 1.10}`:          `{"channel":"/é","data":{"a": 1.10}}`,
		"[1,\r\n \"\\u2028\"]": `{"channel":"/é","data":[1,"\u2028"]}`,
		"null":                 `{"channel":"/é","data":null}`,
		"":                     `{"channel":"/é"}`,
	} {
		m := client.Message{Channel: "/é"}
		if data != "" {
			m.Data = []byte(data)
		}
		if got := string(appendLine(nil, m)); got != want+"\n" {
			t.Errorf("%q is printed as %s", data, got)
		}
	}
}

// What has been published is published, even if the server does not take leave of the client: a script that did it again
// would publish twice.
func TestPublishedIsDone(t *testing.T) {
	s, to := newSender(context.Background())
	to.closing = errors.New("HTTP status 429")
	log := &buffer{}
	s.published = 1
	if err := closing(environment{ctx: s.ctx, stdout: io.Discard, stderr: log}, s, nil); err != nil || !strings.Contains(log.String(), "429") {
		t.Errorf("%v, %s", err, log)
	}
}

// A server that wants a key is one for --internal-key.
func TestMissingInternalKey(t *testing.T) {
	_, _, internal := server(t, "--internal-key=0123456789abcdef")
	if code, _, stderr := halley(t, "", "pub", "/a", "1", "--server="+internal); code != 1 || !strings.Contains(stderr, "--internal-key") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

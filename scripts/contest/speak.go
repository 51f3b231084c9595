// Proved by TestPublishing.

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
)

// speaker takes publishes as halley-bench sends them and hands them to a server in that server's form. It is of the
// generator's side: what it costs is not the server's.
type speaker struct {
	http http.Server
	url  string
}

// newSpeaker listens until it is closed.
func newSpeaker(form func([]event) post) (*speaker, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &speaker{url: "http://" + l.Addr().String() + "/"}
	s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := pass(r, form); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	})
	go func() { _ = s.http.Serve(l) }() // until it is closed
	return s, nil
}

func (s *speaker) close() { _ = s.http.Close() }

// pass publishes a batch in the form of a server.
func pass(r *http.Request, form func([]event) post) error {
	var batch []json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
		return err
	}
	messages := make([]event, len(batch))
	for i := range batch {
		messages[i] = batch[i]
	}
	p := form(messages)
	answer, err := http.Post(p.url, "application/json", bytes.NewReader(p.body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s %.200s (%w)", p.url, answer.Status, text, err)
	}
	return nil
}

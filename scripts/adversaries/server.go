package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// server is halley at work.
type server struct {
	command  *exec.Cmd
	public   string // host:port
	secure   string // likewise, of TLS; empty where there is none
	internal string
	dir      string // of its files, which go with it
	client   *http.Client
	mu       sync.Mutex
	errors   []string // lines of its log that are errors
	done     chan error
}

// start runs the program, with a limit of open files unless that is 0, and waits until it listens.
func start(files int, program string, flags ...string) (*server, error) {
	s := &server{client: &http.Client{}, done: make(chan error, 1)}
	arguments := append([]string{"serve", "--listen", "127.0.0.1:0", "--internal", "127.0.0.1:0", "--log-format", "json"}, flags...)
	s.command = exec.Command(program, arguments...)
	if files > 0 {
		limited := []string{"-c", `ulimit -n "$1"; shift; exec "$@"`, "-", strconv.Itoa(files), program}
		s.command = exec.Command("sh", append(limited, arguments...)...)
	}
	log, err := s.command.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	listening := make(chan struct{})
	go func() {
		s.read(log, listening)
		s.done <- s.command.Wait()
	}()
	select {
	case <-listening:
		return s, nil
	case err := <-s.done:
		return nil, fmt.Errorf("the server ends: %w, %v", err, s.errors)
	case <-time.After(time.Minute):
		s.command.Process.Kill()
		return nil, errors.New("the server does not start")
	}
}

// read follows the server's log.
func (s *server) read(log io.Reader, listening chan struct{}) {
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var line struct {
			Level, Msg, Internal string
			Addresses            []string
		}
		if json.Unmarshal(lines.Bytes(), &line) != nil || line.Level == "ERROR" {
			s.mu.Lock()
			s.errors = append(s.errors, lines.Text())
			s.mu.Unlock()
		}
		if line.Msg == "listening" {
			s.public, s.internal = line.Addresses[0], line.Internal
			if len(line.Addresses) > 1 {
				s.secure = line.Addresses[1]
			}
			close(listening)
		}
	}
}

// faults are the errors that the server has logged.
func (s *server) faults() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.errors...)
}

// stop ends it.
func (s *server) stop() error {
	if s.dir != "" {
		defer os.RemoveAll(s.dir)
	}
	s.command.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-s.done:
		return err
	case <-time.After(time.Minute):
		s.command.Process.Kill()
		return errors.New("the server does not stop")
	}
}

// figures are the server's metrics. Those with a label are there by name{label}, and by
// name alone the greatest of them.
type figures map[string]float64

// measure reads the metrics.
func (s *server) measure(ctx context.Context) (figures, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.internal+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	status, text, err := s.fetch(request)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the metrics have status %d", status) // without figures every bound would be kept
	}
	return parse(text), err
}

// until waits until the server's metrics are as wanted, at most so long: its judge tells of what they are not.
func (s *server) until(ctx context.Context, most time.Duration, wanted func(figures) bool) error {
	for end := time.Now().Add(most); time.Now().Before(end); pause(ctx, 20*time.Millisecond) {
		if now, err := s.measure(ctx); err != nil || wanted(now) {
			return err
		}
	}
	return nil
}

// fetch sends a request and reads the whole answer.
func (s *server) fetch(request *http.Request) (status int, text []byte, err error) {
	response, err := s.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	text, err = io.ReadAll(response.Body)
	return response.StatusCode, text, err
}

func parse(text []byte) figures {
	f := make(figures)
	for line := range bytes.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(string(line)), " ")
		n, err := strconv.ParseFloat(value, 64)
		if !ok || err != nil || name == "#" {
			continue
		}
		f[name] = n
		if base, _, labelled := strings.Cut(name, "{"); labelled {
			f[base] = max(f[base], n)
		}
	}
	return f
}

// post sends a Bayeux batch, and returns the replies. A status that is not 200 has none.
func (s *server) post(ctx context.Context, batch string) (replies []map[string]any, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.public+"/bayeux", strings.NewReader(batch))
	if err != nil {
		return nil, err
	}
	status, text, err := s.fetch(request)
	if err != nil || status != http.StatusOK {
		return nil, err
	}
	return replies, json.Unmarshal(text, &replies)
}

// publish sends a body to the internal listener, and returns the status.
func (s *server) publish(ctx context.Context, body string) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.internal+"/publish", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// session shakes hands, with a first connect that may say for how long it stays away.
func (s *server) session(ctx context.Context, ext, advice string) (id string, err error) {
	replies, err := s.post(ctx, `[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling","websocket"],"ext":{`+ext+`}}]`)
	if err != nil || len(replies) == 0 {
		return "", err
	}
	id, _ = replies[0]["clientId"].(string)
	if id == "" {
		return "", nil // refused
	}
	_, err = s.post(ctx, fmt.Sprintf(`[{"channel":"/meta/connect","connectionType":"long-polling","clientId":%q,"advice":{"timeout":0%s}}]`, id, advice))
	return id, err
}

func subscribe(id, patterns, ext string) string {
	return fmt.Sprintf(`{"channel":"/meta/subscribe","clientId":%q,"subscription":%s,"ext":{%s}}`, id, patterns, ext)
}

func event(channel, data string) string {
	return fmt.Sprintf(`{"channel":%q,"data":%s}`, channel, data)
}

// padding is a JSON string of that many bytes.
func padding(bytes int) string { return `"` + strings.Repeat("x", bytes) + `"` }

// Proved by scripts/examples/examples_test.go.

// Command publish publishes one message to halley: go run ./scripts/examples/publish CHANNEL JSON
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "publish CHANNEL JSON")
		os.Exit(2)
	}
	published, err := publish(os.Args[1], json.RawMessage(os.Args[2]))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(published)
}

// publish posts a message to the internal listener, and gives how many were published.
func publish(channel string, data any) (int, error) {
	server := os.Getenv("HALLEY")
	if server == "" {
		server = "http://localhost:8081"
	}
	body, err := json.Marshal(map[string]any{"channel": channel, "data": data})
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequest(http.MethodPost, server+"/publish", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	if key := os.Getenv("HALLEY_KEY"); key != "" { // where the internal listener asks for one
		request.Header.Set("Authorization", "Bearer "+key)
	}
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var answer struct {
		Published int
		Error     string
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return 0, err
	}
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("halley answers %s: %s", response.Status, answer.Error)
	}
	return answer.Published, nil
}

// Package examples has programs that publish, in several languages, and their test.
package examples

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
)

// Each program publishes what it is given, with its key, prints the answer, and fails where the server refuses. The listener
// is a small one that answers as internalhttp's openapi.json has it.
func TestExamples(t *testing.T) {
	got := make(chan any, 4)
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var message map[string]any
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil || r.Method != http.MethodPost || r.URL.Path != "/publish" || message["channel"] == "bad" {
			w.WriteHeader(http.StatusBadRequest)
			w.Write([]byte(`{"error":"the channel is no name","index":0}`))
			return
		}
		got <- []any{r.Header.Get("Authorization"), message}
		w.Write([]byte(`{"published":1}` + "\n"))
	}))
	defer listener.Close()
	for _, command := range []string{"python3 publish.py", "php publish.php", "node publish.mjs", "java Publish.java", "go run ./publish"} {
		words := strings.Fields(command)
		t.Run(words[0], func(t *testing.T) {
			if _, err := exec.LookPath(words[0]); err != nil {
				t.Skipf("there is no %s: the example was not run", words[0])
			}
			run := func(channel string) ([]byte, error) {
				c := exec.CommandContext(t.Context(), words[0], append(words[1:], channel, `{"text":"grüße","list":[1,{}]}`)...)
				c.Env = append(os.Environ(), "HALLEY="+listener.URL, "HALLEY_KEY=sesame")
				return c.CombinedOutput()
			}
			out, err := run("/news/world")
			if err != nil || !strings.Contains(string(out), "1") {
				t.Fatalf("%v %s", err, out)
			}
			want := any([]any{"Bearer sesame", map[string]any{"channel": "/news/world", "data": map[string]any{"text": "grüße", "list": []any{1.0, map[string]any{}}}}})
			if got := <-got; !reflect.DeepEqual(got, want) { // it is there: the program has its answer
				t.Errorf("published %v, want %v", got, want)
			}
			if out, err := run("bad"); err == nil {
				t.Errorf("a refused message is no failure: %s", out)
			}
		})
	}
}

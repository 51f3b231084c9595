package packaging

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-json"
)

// image is the last stage of a Containerfile: its instructions by name.
type image map[string][]string

func lastStage(t *testing.T, path string) image {
	t.Helper()
	var stage image
	whole := regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(text(t, path), "")
	for line := range strings.Lines(strings.ReplaceAll(whole, "\\\n", " ")) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "FROM" {
			stage = make(image)
		}
		if name != "" {
			stage[name] = append(stage[name], rest)
		}
	}
	return stage
}

// words are those of an instruction in the form of a JSON array, behind what comes before it.
func (i image) words(t *testing.T, name string) (words []string) {
	t.Helper()
	if len(i[name]) != 1 {
		t.Fatalf("%s stands there %d times", name, len(i[name]))
	}
	_, array, _ := strings.Cut(i[name][0], "[")
	if err := json.Unmarshal([]byte("["+array), &words); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return words
}

// The image is of nothing but the program, which nobody runs as root, and asks it how it is.
func TestContainerfile(t *testing.T) {
	i := lastStage(t, "Containerfile")
	if from := i["FROM"]; len(from) != 1 || from[0] != "scratch" {
		t.Errorf("FROM %v", from)
	}
	user, group, _ := strings.Cut(i["USER"][0], ":")
	for _, id := range []string{user, group} {
		if n, err := strconv.Atoi(id); err != nil || n == 0 {
			t.Errorf("USER %s: want numbers, and not root's", i["USER"][0])
		}
	}
	entry, check := i.words(t, "ENTRYPOINT"), i.words(t, "HEALTHCHECK")
	if check[0] != entry[0] || check[1] != "health" {
		t.Errorf("HEALTHCHECK %v", check)
	}
	serve(t, "", i.words(t, "CMD")...)
	copied := strings.Join(i["COPY"], "\n")
	for _, want := range []string{" " + entry[0], "--chown=" + i["USER"][0] + " ", " " + i["VOLUME"][0]} {
		if !strings.Contains(copied+"\n", want) {
			t.Errorf("nothing is copied to %s", want)
		}
	}
	if !strings.Contains(text(t, "Containerfile"), "CGO_ENABLED=0") {
		t.Error("the program may need libraries, which an image of nothing has not")
	}
}

// number finds the number behind a key of a manifest.
func number(t *testing.T, manifest, key string) int {
	t.Helper()
	found := regexp.MustCompile(`\b` + key + `: (\d+)\b`).FindStringSubmatch(manifest)
	if found == nil {
		t.Fatalf("there is no %s", key)
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

// halley takes the configuration of the manifests, and a pod has the time that the drain takes.
func TestKubernetes(t *testing.T) {
	manifest := text(t, "kubernetes.yaml")
	_, block, _ := strings.Cut(manifest, "halley.json: |\n")
	block, _, _ = strings.Cut(block, "\n---")
	path := filepath.Join(t.TempDir(), "halley.json")
	if err := os.WriteFile(path, []byte(block), 0o600); err != nil {
		t.Fatal(err)
	}
	args := regexp.MustCompile(`args: (\[.*\])`).FindStringSubmatch(manifest)
	var words []string
	if err := json.Unmarshal([]byte(args[1]), &words); err != nil {
		t.Fatal(err)
	}
	c := serve(t, path, words...)
	grace := time.Duration(number(t, manifest, "terminationGracePeriodSeconds")) * time.Second
	if drain := c.Drain.Delay + c.Loop.DrainTimeout; grace < drain+10*time.Second {
		t.Errorf("the grace of %v is too short for a drain of %v", grace, drain)
	}
	_, probe, _ := strings.Cut(manifest, "readinessProbe:")
	failed := time.Duration(number(t, probe, "periodSeconds")*number(t, probe, "failureThreshold")) * time.Second
	if c.Drain.Delay < 2*failed {
		t.Errorf("the drain begins after %v, its readiness is seen to have ended after %v", c.Drain.Delay, failed)
	}
	i := lastStage(t, "Containerfile")
	user, _, _ := strings.Cut(i["USER"][0], ":")
	for _, want := range []string{
		"runAsUser: " + user + "\n", "runAsNonRoot: true", "readOnlyRootFilesystem: true", "allowPrivilegeEscalation: false", "drop: [ALL]",
		"path: /health/ready, port: internal", "path: /health/live, port: internal", "kind: PodDisruptionBudget", "mountPath: " + i["VOLUME"][0] + "}",
		"containerPort: " + i["EXPOSE"][0] + "}", "mountPath: " + filepath.Dir(c.Internal.Keys) + ",",
	} {
		if !strings.Contains(manifest, want) {
			t.Errorf("there is no %q", want)
		}
	}
}

package key

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// write makes a key file.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, secret, text string) *Ring {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	write(t, path, text)
	r, err := Open(secret, path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFind(t *testing.T) {
	r := open(t, "master", fmt.Sprintf("a %s\nb sha256:%s\n", secret(1), strings.ToUpper(sum(2))))
	for given, want := range map[string]string{secret(1): "a", secret(2): "b", "master": "internal-key"} {
		if k := r.Find(given); k == nil || k.Name != want {
			t.Errorf("%s is found as %v", want, k)
		}
	}
	for _, wrong := range []string{"", "a", sum(2), "sha256:" + sum(2), secret(3), secret(1) + " ", secret(1)[1:]} {
		if k := r.Find(wrong); k != nil {
			t.Errorf("%q is taken for %s", wrong, k.Name)
		}
	}
	none, err := Open("", "")
	if err != nil || none.Asks() || none.Find("") != nil {
		t.Errorf("an empty ring asks, or finds: %v", err)
	}
	if !r.Asks() {
		t.Error("keys are not asked for")
	}
}

// A bad file changes nothing, a good one what it says; what was counted stays.
func TestReload(t *testing.T) {
	r := open(t, "", fmt.Sprintf("a %s publish=/a/**\nb %s\nc %s\n", secret(1), secret(2), secret(3)))
	a := r.Find(secret(1))
	a.Asked()
	a.Published(5)
	r.Find(secret(2)).Asked()
	for _, bad := range []string{"", "a short", "a", `[{"name":"a"}]`, fmt.Sprintf("a %s\na %s", secret(1), secret(2))} {
		write(t, r.path, bad)
		if changed, err := r.Reload(); err == nil || len(changed) > 0 || !strings.Contains(err.Error(), "--internal-keys") {
			t.Errorf("%q: changed %v, %v", bad, changed, err)
		}
		if r.Find(secret(1)) != a || !a.Publishes([]byte("/a/b")) {
			t.Fatalf("%q has changed the keys", bad)
		}
	}
	write(t, r.path, fmt.Sprintf("a %s publish=/a/**\nb %s metrics\nd sha256:%s\n", secret(1), secret(22), sum(4)))
	changed, err := r.Reload()
	if want := []string{"changed b", "added d", "removed c"}; err != nil || !slices.Equal(changed, want) {
		t.Errorf("changed %v, want %v (%v)", changed, want, err)
	}
	if r.Find(secret(1)) != a || r.Find(secret(2)) != nil || r.Find(secret(3)) != nil || !r.Find(secret(22)).May(Metrics) || r.Find(secret(4)) == nil {
		t.Error("the keys are not those of the file")
	}
	want := []Figures{{"a", 1, 5, 0}, {"b", 1, 0, 0}, {"d", 0, 0, 0}}
	if got := r.Figures(); !slices.Equal(got, want) {
		t.Errorf("figures %+v, want %+v", got, want)
	}
	os.Remove(r.path)
	if _, err := r.Reload(); err == nil || r.Find(secret(1)) == nil {
		t.Errorf("a file that is gone takes the keys away: %v", err)
	}
}

// Requests go on while the file is read again.
func TestReloadBesideRequests(t *testing.T) {
	r := open(t, "master", fmt.Sprintf("a %s\n", secret(1)))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 500 {
				if r.Find("master") == nil || r.Find(secret(1)) == nil {
					t.Error("a key is missing")
				}
				r.Figures()
			}
		})
	}
	for i := range 50 {
		write(t, r.path+".new", fmt.Sprintf("a %s\nb%d %s\n", secret(1), i, secret(2)))
		os.Rename(r.path+".new", r.path)
		if _, err := r.Reload(); err != nil {
			t.Error(err)
		}
	}
	group.Wait()
}

func TestExposed(t *testing.T) {
	for _, tt := range []struct {
		text string
		mode os.FileMode
		want bool
	}{
		{"a " + secret(1), 0o600, false}, {"a " + secret(1), 0o640, true}, {"a " + secret(1), 0o604, true}, {"a sha256:" + sum(1), 0o644, false},
	} {
		r := open(t, "", tt.text)
		os.Chmod(r.path, tt.mode)
		if _, err := r.Reload(); err != nil {
			t.Fatal(err)
		}
		if got := r.Exposed(); (got != "") != tt.want || strings.Contains(got, "secret-") {
			t.Errorf("%.10s, %o: %q", tt.text, tt.mode, got)
		}
	}
}

func TestMasterKeyInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	write(t, path, "a "+secret(1))
	if _, err := Open(secret(1), path); err == nil || !strings.Contains(err.Error(), "--internal-key,") {
		t.Error(err)
	}
}

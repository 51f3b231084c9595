package preflight

import (
	"strings"
	"testing"
	"testing/fstest"
)

// What a check says of a setting is what is said of it elsewhere, and each check has a reason.
func TestWords(t *testing.T) {
	said := map[string]bool{}
	for _, name := range Settings() {
		text, ok := Words(name)
		if !ok || !strings.HasSuffix(text, ".") || strings.Count(text, ": ") < 1 {
			t.Errorf("%s: %q", name, text)
		}
		said[text] = true
	}
	for _, host := range []fstest.MapFS{roomy(), contained(map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "90000000\n", "sys/fs/cgroup/memory.current": "0\n"})} {
		for _, f := range Check(host, sampleLoad()) {
			if f.Level != Fine || f.Have != unlimited { // else there is nothing to say
				if text := f.Check + ": " + f.Text + ". " + f.Why; !said[text] {
					t.Errorf("not said elsewhere: %s", text)
				}
			}
		}
	}
	if _, ok := Words("net.core.nothing"); ok {
		t.Error("there are words for nothing")
	}
	defer func() {
		if recover() == nil {
			t.Error("a check without words is not noticed")
		}
	}()
	about("net.core.nothing")
}

package key

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// Both forms of a file say the same.
func TestForms(t *testing.T) {
	lines, err := parse(fmt.Appendf(nil, "# back-ends\n\n  orders\t%s publish=/orders/** publish=/stock/* listings\r\ngrafana sha256:%s metrics\n", secret(1), sum(2)))
	if err != nil {
		t.Fatal(err)
	}
	array, err := parse(fmt.Appendf(nil, `[{"name":"orders","key":%q,"publish":["/orders/**","/stock/*"],"may":["listings"]},
		{"name":"grafana","sha256":%q,"may":["metrics"]}]`, secret(1), sum(2)))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(lines, array) || len(lines.keys) != 2 || !lines.plain {
		t.Errorf("%+v, %+v", lines, array)
	}
}

// What is wrong is named by its place, and no key is told.
func TestBadFiles(t *testing.T) {
	s, quoted := secret(1), fmt.Sprintf("%q", secret(1))
	many := strings.Builder{}
	for i := range maxKeys + 1 {
		fmt.Fprintf(&many, "k%d %s\n", i, secret(i))
	}
	for text, want := range map[string]string{
		"":                                "no key",
		"# none\n":                        "no key",
		"[]":                              "no key",
		"a":                               "line 1",
		"\n# x\na":                        "line 3",
		"a secret-short":                  "line 1: a: a key has 16 to",
		"a " + strings.Repeat("x", 1025):  "a key has 16 to",
		"a schlüssel-schlüssel":           "visible ASCII",
		"a sha256:abc":                    "64 hexadecimal digits",
		"a sha256:" + sum(1) + "00":       "64 hexadecimal digits",
		"a sha256:":                       "want a key",
		"a b/c " + s:                      "line 1: a: a key has",
		"a/b " + s:                        "a name has",
		strings.Repeat("n", 65) + " " + s: "a name has",
		"a " + s + " everything":          "want publish=PATTERN or listings",
		"a " + s + " publish=":            `publish "": channel does not begin`,
		"a " + s + " publish=orders":      "does not begin with a slash",
		"a " + s + " publish=/a/":         "no slash at its end",
		"a " + s + " publish=/*/a":        "wildcard before",
		"a " + s + "\na sha256:" + sum(2): `line 2: a second key with the name "a"`,
		"a " + s + "\nb sha256:" + sum(1): "line 2: the key of \"b\" is another one's",
		"a " + s + strings.Repeat(" publish=/a", 101): "more than 100 patterns",
		many.String():                                                   "more than 1000 keys",
		strings.Repeat("#\n", maxFile/2+1):                              "longer than",
		`{"name":"a","key":` + quoted + `}`:                             "array of objects",
		`[{"name":"a","key":` + quoted + `}] x`:                         "something follows",
		`[{"name":"a","key":` + quoted + `,"pulbish":["/a"]}]`:          `unknown field "pulbish"`,
		`[{"name":"a","key":` + quoted + `,"sha256":"` + sum(2) + `"}]`: "key 1: a: want a key, or its SHA-256",
		`[{"name":"a","key":` + quoted + `,"may":["all"]}]`:             "want publish=PATTERN or",
		`[{"name":"a","key":7}]`:                                        "array of objects",
		`[null]`:                                                        "a name has",
	} {
		path := filepath.Join(t.TempDir(), "keys")
		write(t, path, text)
		_, err := Open("", path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "--internal-keys "+path) {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret-") {
			t.Errorf("%.60q tells the key: %v", text, err)
		}
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := Open("", path); err == nil || !strings.Contains(err.Error(), "--internal-keys") {
			t.Error(err)
		}
	}
}

// Whatever a file says, it is read or refused, and no key has a right that no word of it names.
func FuzzFile(f *testing.F) {
	for _, text := range []string{"a " + secret(1) + " publish=/a/** end", `[{"name":"a","key":"` + secret(1) + `","may":["end"]}]`, "# x\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parse(text)
		if err != nil {
			return
		}
		for _, k := range c.keys {
			for _, word := range words() {
				if r, _ := rightOf(word); k.May(r) && !strings.Contains(string(text), word) && !strings.Contains(string(text), `\u`) {
					t.Errorf("%q: %s may %s", text, k.Name, word)
				}
			}
			if k.Publishes([]byte("/x/y")) && len(k.publish) == 0 {
				t.Errorf("%q: %s may publish", text, k.Name)
			}
		}
	})
}

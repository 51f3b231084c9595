package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const firstLine = "figure,step,from,unit,median,low,high,rounds,record\n"

// sampleList is a list whose figures the folder of sampleRun has.
const sampleList = firstLine +
	"cpu,pairs,halley > server CPU > per delivery,ns,20000,19000,21000,3,old\n" +
	"ratio,pairs,halley / floor > server CPU > per delivery,×,1.2,1.1,1.25,3,old\n" +
	"pause,collector,samples > pause,ns,2000000,1000000,3000000,3,old\n" +
	"alone,other,samples > alone,n,12345,12345,12345,1,old\n"

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestListIsWrittenAsItIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.csv")
	write(t, path, sampleList)
	l, err := readList(path)
	if err != nil || len(l) != 4 || l.index("pause") != 2 || l.index("none") != -1 {
		t.Fatalf("%+v %v", l, err)
	}
	if err := l.write(path); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != sampleList {
		t.Errorf("%s %v", text, err)
	}
}

func TestListsThatCannotBe(t *testing.T) {
	for name, text := range map[string]string{
		"no head":         "a,b\n",
		"twice":           firstLine + strings.Repeat("a,s,samples > a,n,1,1,1,1,r\n", 2),
		"no number":       firstLine + "a,s,samples > a,n,x,1,1,1,r\n",
		"no rounds":       firstLine + "a,s,samples > a,n,1,1,1,x,r\n",
		"zero rounds":     firstLine + "a,s,samples > a,n,1,1,1,0,r\n",
		"unknown unit":    firstLine + "a,s,samples > a,m,1,1,1,1,r\n",
		"outside":         firstLine + "a,s,samples > a,n,3,1,2,2,r\n",
		"from nowhere":    firstLine + "a,s,somewhere,n,1,1,1,1,r\n",
		"fields missing":  firstLine + "a,s\n",
		"not there":       "",
		"quote that ends": firstLine + "\"a,s\n",
	} {
		path := filepath.Join(t.TempDir(), "list.csv")
		if name != "not there" {
			write(t, path, text)
		}
		if l, err := readList(path); err == nil {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

func TestPeople(t *testing.T) {
	for _, c := range []struct {
		value float64
		unit  string
		want  string
	}{
		{23100, "ns", "23.1 µs"}, {345.51e6, "ns", "346 ms"}, {1.034e9, "ns", "1.03 s"}, {812, "ns", "812 ns"}, {5e12, "ns", "5,000 s"},
		{981.4, "B", "981 B"}, {23529, "B", "23,529 B"}, {32 << 20, "B", "32 MiB"}, {75.25 * (1 << 20), "B", "75.2 MiB"}, {-70000, "B", "-68.4 KiB"},
		{1.125, "×", "1.12 ×"}, {4.2, "%", "4.20 %"}, {0, "n", "0"}, {388417000, "n", "388,417,000"}, {-1234, "n", "-1,234"}, {24941.2, "/s", "24,941/s"},
	} {
		if got := people(c.value, c.unit); got != c.want {
			t.Errorf("%v %s: %q, want %q", c.value, c.unit, got, c.want)
		}
	}
	if got := (figure{Rounds: 1}).spread(); got != "one round" {
		t.Error(got)
	}
	several, one := figure{Value: 100, Low: 98, High: 103, Rounds: 3}, figure{Value: 100, Low: 100, High: 100, Rounds: 1}
	if !several.holds(98) || several.holds(104) || !one.holds(110) || one.holds(89) || (figure{Rounds: 1}).holds(1) {
		t.Error("within a spread is what is not, or the other way round")
	}
	if got := short(0.123456789) + " " + short(388417001) + " " + short(23456.789); got != "0.12346 388417001 23457" {
		t.Error(got)
	}
}

func TestHolds(t *testing.T) {
	for _, c := range []struct {
		rounds int
		median float64
		want   bool
	}{{1, 90, true}, {1, 89, false}, {2, 90, true}, {2, 131, true}, {2, 133, false}, {3, 100, true}, {3, 99, false}, {3, 120.01, true}, {3, 121, false}} {
		f := figure{Value: 100, Low: 100, High: 120, Rounds: c.rounds}
		if c.rounds == 1 {
			f.High = 100
		}
		if got := f.holds(c.median); got != c.want {
			t.Errorf("%g of %d rounds: %t", c.median, c.rounds, got)
		}
	}
}

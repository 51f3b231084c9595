package message

import (
	"fmt"
	"strings"
	"testing"
)

func TestGet(t *testing.T) {
	object := ` {"a" : 1 , "b":{"a":2}, "\u0063":[ 3 ], "a\/b":"x", "":null, "d":4, "d":5}`[1:]
	for key, want := range map[string]string{"a": "1", "b": `{"a":2}`, "c": "[ 3 ]", "a/b": `"x"`, "": "null", "d": "5"} {
		if got := string(Get([]byte(object), key)); got != want {
			t.Errorf("Get(%q) = %s, want %s", key, got, want)
		}
	}
	for _, key := range []string{"A", "x", "a/", `\u0063`} {
		if got := Get([]byte(object), key); got != nil {
			t.Errorf("Get(%q) = %s, want nothing", key, got)
		}
	}
	for _, other := range []string{``, `{}`, `{ }`, `[]`, `["a"]`, `"a"`, `null`, `1`} {
		if got := Get([]byte(other), "a"); got != nil {
			t.Errorf("Get of %s = %s, want nothing", other, got)
		}
	}
}

func TestEachStops(t *testing.T) {
	n := 0
	Each([]byte(`{"a":1,"b":2,"c":3}`), func(key, _ []byte) bool {
		n++
		return string(key) != "b"
	})
	if n != 2 {
		t.Errorf("visited %d fields, want 2", n)
	}
}

// These functions want valid JSON; with anything else they may stop early, but not panic.
func TestInvalidInputIsHarmless(t *testing.T) {
	for _, text := range seedBodies() {
		for i := range text {
			for _, in := range [][]byte{[]byte(text[:i]), []byte(text[i:])} {
				Get(in, "a")
				Strings(in, func([]byte) bool { return true })
				AppendScriptSafe(nil, in)
				Integer(in)
			}
		}
	}
}

func TestStrings(t *testing.T) {
	for _, r := range []struct {
		in, want string
		ok       bool
	}{
		{`"/a"`, `"/a"`, true},
		{`"\/a\u00e9"`, `"/aé"`, true},
		{`[]`, ``, true},
		{`[ ]`, ``, true},
		{`["/a" , "\/b",""]`, `"/a" "/b" ""`, true},
		{`["/a",1]`, `"/a"`, false},
		{`["/a",["/b"]]`, `"/a"`, false},
		{`["/a","stop","/b"]`, `"/a" "stop"`, false},
		{`[null]`, ``, false},
		{`"stop"`, `"stop"`, false},
		{``, ``, false},
		{`1`, ``, false},
		{`null`, ``, false},
		{`{"a":"b"}`, ``, false},
	} {
		var got []string
		ok := Strings([]byte(r.in), func(s []byte) bool {
			got = append(got, fmt.Sprintf("%q", s))
			return string(s) != "stop"
		})
		if joined := strings.Join(got, " "); joined != r.want || ok != r.ok {
			t.Errorf("Strings(%s) = %s, %t; want %s, %t", r.in, joined, ok, r.want, r.ok)
		}
	}
}

func TestInteger(t *testing.T) {
	long := strings.Repeat("0", 1000)
	for in, want := range map[string]int64{
		"0": 0, "-0": 0, "7": 7, "-7": -7, "30000": 30000, "123456789012345678": 123456789012345678,
		"9223372036854775807": 9223372036854775807, "-9223372036854775808": -9223372036854775808,
		"17.0": 17, "-17.00": -17, "0.0": 0, "-0.0": 0, "1e3": 1000, "1.5e1": 15, "1.79E15": 1790000000000000,
		"1.79e+15": 1790000000000000, "1700e-2": 17, "170.0E-1": 17, "0.17e2": 17, "0e99999999999999999999": 0,
		"9.223372036854775807e18": 9223372036854775807, "-9.223372036854775808e18": -9223372036854775808,
		"1." + long: 1, "0." + long + "3e1001": 3, "3" + long + "e-1000": 3, "12" + long + ".0e-1000": 12,
		`"-2"`: -2, `"17"`: 17, `"0"`: 0, `"9223372036854775807"`: 9223372036854775807,
	} {
		if got, ok := Integer([]byte(in)); !ok || got != want {
			t.Errorf("Integer(%.30s) = %d, %t; want %d", in, got, ok, want)
		}
	}
	for _, in := range []string{
		"", "-", "null", "true", "[1]", "{}", "+1", " 1", "--1", "9223372036854775808", "-9223372036854775809",
		"9999999999999999999", "10000000000000000000", "18446744073709551617", "123456789012345678901",
		"1.5", "0.1", "1e-1", "1e19", "1e99999999999999999999", "1e-99999999999999999999", "9.223372036854775808e18",
		"1" + long, "0." + long + "3", "1.0x", "1e", "1.", ".5", "-e5", "01.5",
		`"`, `""`, `"-"`, `"1.0"`, `"1e3"`, `" 1"`, `"a"`, `"1`, `"123456789012345678901"`, `"\u0031"`,
	} {
		if got, ok := Integer([]byte(in)); ok {
			t.Errorf("Integer(%.30s) = %d, want none", in, got)
		}
	}
}

func TestReadingAllocations(t *testing.T) {
	object, list := []byte(`{"timeout":30000,"b":[{"c":1}],"interval":0}`), []byte(`["/a","/b/**"]`)
	n := testing.AllocsPerRun(100, func() {
		if v, ok := Integer(Get(object, "interval")); !ok || v != 0 {
			t.Fatal("interval")
		}
		if !Strings(list, func(s []byte) bool { return s[0] == '/' }) {
			t.Fatal("strings")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

package settings

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// inner stands in outer, as the settings of one package do in those of another.
type inner struct {
	Depth int    `name:"depth" default:"64" min:"4" max:"1000"`
	Slow  string `name:"slow" default:"drop" enum:"drop,conflate"`
}

type outer struct {
	inner
	Inner inner2
	Wait  time.Duration `name:"wait" default:"2m" min:"1s" max:"1h"`
	Bytes int           `name:"bytes" type:"size" default:"64KiB" min:"1KiB" max:"1MiB"`
	Lists []string      `name:"list" type:"lines" default:"a\nb"`
	On    bool          `name:"on" default:"true"`
	Mode  string        `name:"mode" default:"" enum:"fast,"`
	Least int           `name:"least" default:"1" min:"1"`
	Free  int           `name:"free"`
	Code  func()
}

type inner2 struct {
	Segments int `name:"segments" default:"16"`
}

// Outer has all that embedding can do; inner is unexported, so that it is left alone.
func usual() outer {
	var o outer
	Default(&o)
	return o
}

func TestDefault(t *testing.T) {
	got := usual()
	want := outer{Inner: inner2{16}, Wait: 2 * time.Minute, Bytes: 64 << 10, Lists: []string{"a", "b"}, On: true, Least: 1}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A setting out of its bounds is named as its flag takes it.
func TestCheck(t *testing.T) {
	for want, change := range map[string]func(*outer){
		"":                                       func(*outer) {},
		"--wait: 500ms is not between 1s and 1h": func(o *outer) { o.Wait = 500 * time.Millisecond },
		"--wait: 1h1m is not between":            func(o *outer) { o.Wait = 61 * time.Minute },
		"--bytes: 1 is not between 1KiB and 1MiB": func(o *outer) { o.Bytes = 1 },
		"--bytes: 1025KiB is not between":         func(o *outer) { o.Bytes = 1025 << 10 },
		`--mode "slow": want fast`:                func(o *outer) { o.Mode = "slow" },
		"--least: 0 is less than 1":               func(o *outer) { o.Least = 0 },
	} {
		o := usual()
		change(&o)
		err := Check(&o)
		if (want == "") != (err == nil) || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	o := usual()
	o.Mode, o.Free, o.Least = "fast", -1, 1<<40
	if err := Check(&o); err != nil {
		t.Error(err)
	}
}

func TestEachGoesInOrder(t *testing.T) {
	var names []string
	Each(&outer{}, func(f Field) { names = append(names, f.Name) })
	if got := strings.Join(names, " "); got != "segments wait bytes list on mode least free" {
		t.Error(got)
	}
	Each(&inner{}, func(f Field) { names = append(names, f.Name) })
	if got := strings.Join(names[8:], " "); got != "depth slow" {
		t.Error(got)
	}
}

// A tag that is no value of its field is a fault of the program.
func TestBadTag(t *testing.T) {
	for _, bad := range []any{
		&struct {
			N int `name:"n" default:"many"`
		}{},
		&struct {
			D time.Duration `name:"d" default:"1"`
		}{},
		&struct {
			B int `name:"b" type:"size" default:"1kb"`
		}{},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T is taken", bad)
				}
			}()
			Default(bad)
		}()
	}
}

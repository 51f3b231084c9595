// Package settings reads the tags of settings structs. Such a struct stands beside the code that it
// sets, and a tag is all that anybody has to say of a setting:
//
//	name     of the flag; its environment variable and its key in a file follow from it
//	default  its value unless somebody sets it
//	min, max the bounds of a number, a size or a duration; without them nothing is checked
//	enum     the texts that it may be, with commas between them; one of them may be empty
//	type     size: a number of bytes, written with KiB, MiB or GiB; lines: a list, an entry a line
//	reload   yes: it may change while the server runs
//	secret   yes: it is never printed, as a Secret is not
//	help, group, placeholder, sep: for the command line alone
//
// The command line reads the same tags, so that a flag stands in one place.
package settings

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Each visits the settings of the struct that s points to, those of structs in it included, in the
// order of their fields. A setting is a field with the tag name.
func Each(s any, visit func(Field)) { each(reflect.ValueOf(s).Elem(), visit) }

func each(v reflect.Value, visit func(Field)) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if name, is := f.Tag.Lookup("name"); is {
			visit(Field{Name: name, Tag: f.Tag, value: v.Field(i)})
		} else if f.Type.Kind() == reflect.Struct && f.IsExported() {
			each(v.Field(i), visit)
		}
	}
}

// Default gives each setting of the struct that s points to its default. It panics where a tag is no
// value of its field.
func Default(s any) {
	Each(s, func(f Field) {
		if text, has := f.Tag.Lookup("default"); has {
			f.set(text)
		}
	})
}

// Check tells whether the settings of the struct that s points to are within their bounds. An error
// names the flag.
func Check(s any) (err error) {
	Each(s, func(f Field) {
		if err == nil {
			err = f.check()
		}
	})
	return err
}

// Field is one setting of a struct.
type Field struct {
	Name  string
	Tag   reflect.StructTag
	value reflect.Value
}

// set gives the field the value that text stands for.
func (f Field) set(text string) {
	switch f.value.Kind() {
	case reflect.String:
		f.value.SetString(text)
	case reflect.Bool:
		f.value.SetBool(text == "true")
	case reflect.Slice:
		f.value.Set(reflect.ValueOf(strings.Split(text, "\n")))
	default:
		f.value.SetInt(f.parse(text))
	}
}

// check tells whether the value is within the bounds that the tags set.
func (f Field) check() error {
	if f.value.Kind() == reflect.String {
		return f.checkText()
	}
	least, has := f.Tag.Lookup("min")
	if !has {
		return nil
	}
	most, bounded := f.Tag.Lookup("max")
	switch n := f.value.Int(); {
	case bounded && (n < f.parse(least) || n > f.parse(most)):
		return fmt.Errorf("--%s: %s is not between %s and %s", f.Name, f.format(n), f.format(f.parse(least)), f.format(f.parse(most)))
	case n < f.parse(least):
		return fmt.Errorf("--%s: %s is less than %s", f.Name, f.format(n), f.format(f.parse(least)))
	}
	return nil
}

// checkText tells whether a text is one of those that the tag enum names.
func (f Field) checkText() error {
	enum, has := f.Tag.Lookup("enum")
	if !has {
		return nil
	}
	texts := strings.Split(enum, ",")
	if slices.Contains(texts, f.value.String()) {
		return nil
	}
	texts = slices.DeleteFunc(texts, func(text string) bool { return text == "" })
	return fmt.Errorf("--%s %q: want %s", f.Name, f.value.String(), strings.Join(texts, ", "))
}

// parse reads a number, a size or a duration of a tag.
func (f Field) parse(text string) (n int64) {
	var err error
	switch {
	case f.isDuration():
		var d time.Duration
		d, err = time.ParseDuration(text)
		n = int64(d)
	case f.isSize():
		n, err = ParseSize(text)
	default:
		n, err = strconv.ParseInt(text, 10, 64)
	}
	if err != nil {
		panic(fmt.Sprintf("--%s: tag %q: %v", f.Name, text, err))
	}
	return n
}

// format writes a number, a size or a duration as the flag takes it.
func (f Field) format(n int64) string {
	switch {
	case f.isDuration():
		return formatDuration(time.Duration(n))
	case f.isSize():
		return FormatSize(n)
	}
	return strconv.FormatInt(n, 10)
}

func (f Field) isDuration() bool { return f.value.Type() == reflect.TypeFor[time.Duration]() }

func (f Field) isSize() bool { return f.Tag.Get("type") == "size" }

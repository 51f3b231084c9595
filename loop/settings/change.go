package settings

import (
	"fmt"
	"reflect"
	"slices"
)

// Change is a setting that is another than before.
type Change struct {
	Name   string   // of the flag
	Live   bool     // it may change while the server runs
	Texts  []string // what is different, in words
	new    reflect.Value
	target reflect.Value
}

// Changes are the settings in which the struct that to points to differs from that of from, which is of the same type.
func Changes(from, to any) (changes []Change) {
	var wanted []Field
	Each(to, func(f Field) { wanted = append(wanted, f) })
	i := 0
	Each(from, func(f Field) {
		w := wanted[i]
		i++
		if reflect.DeepEqual(f.value.Interface(), w.value.Interface()) {
			return
		}
		changes = append(changes, Change{f.Name, f.Tag.Get("reload") == "yes", f.differs(w), w.value, f.value})
	})
	return changes
}

// Take has the struct that the change was found in have the new value.
func (c Change) Take() { c.target.Set(c.new) }

// differs tells in words how to differs from f. A secret is not told.
func (f Field) differs(to Field) []string {
	if _, secret := f.value.Interface().(Secret); secret || f.Tag.Get("secret") == "yes" {
		return []string{"--" + f.Name}
	}
	if list, is := f.value.Interface().([]string); is {
		return listDiffers(f.Name, list, to.value.Interface().([]string))
	}
	return []string{fmt.Sprintf("--%s: %s, was %s", f.Name, to.text(), f.text())}
}

// listDiffers tells which entries of a list have gone and come, or that they are in another order.
func listDiffers(name string, from, to []string) (texts []string) {
	for _, entry := range from {
		if !slices.Contains(to, entry) {
			texts = append(texts, fmt.Sprintf("--%s: without %q", name, entry))
		}
	}
	for _, entry := range to {
		if !slices.Contains(from, entry) {
			texts = append(texts, fmt.Sprintf("--%s: with %q", name, entry))
		}
	}
	if len(texts) == 0 {
		texts = []string{fmt.Sprintf("--%s: in another order", name)}
	}
	return texts
}

// text is the value as the flag takes it.
func (f Field) text() string {
	switch f.value.Kind() {
	case reflect.Int, reflect.Int64:
		return f.format(f.value.Int())
	case reflect.String:
		return fmt.Sprintf("%q", f.value.String())
	}
	return fmt.Sprint(f.value.Interface())
}

package bayeux

import (
	"reflect"
	"testing"
	"unsafe"
)

// A session's record stays as small as it is, for there may be a million of them, and has
// no pointer that the garbage collector would follow.
func TestSessionRecord(t *testing.T) {
	const most = 224
	if size := unsafe.Sizeof(session{}); size > most {
		t.Errorf("a session takes %d bytes, not %d at most", size, most)
	}
	if path := pointerIn(reflect.TypeFor[session]()); path != "" {
		t.Errorf("a session has a pointer in %s", path)
	}
}

// pointerIn is the path of the first field that has a pointer, empty if none has.
func pointerIn(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if path := pointerIn(t.Field(i).Type); path != "" {
				return "." + t.Field(i).Name + path
			}
		}
		return ""
	case reflect.Array:
		return pointerIn(t.Elem())
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return ""
	}
	return " " + t.String()
}

package client

import (
	"reflect"
	"testing"
)

// Every numeric field of a Progress must be summed, or two processes report half.
func TestProgressAddsEveryField(t *testing.T) {
	one := Progress{}
	fill(reflect.ValueOf(&one).Elem())
	sum := one
	sum.Add(one)
	v, w := reflect.ValueOf(sum), reflect.ValueOf(one)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if name == "At" || name == "Sent" || name == "Void" || name == "Faults" {
			continue
		}
		if v.Field(i).Int() != 2*w.Field(i).Int() {
			t.Errorf("%s is %d after adding %d to itself", name, v.Field(i).Int(), w.Field(i).Int())
		}
	}
	if sum.Faults.Total() != 2*one.Faults.Total() || sum.At != one.At {
		t.Errorf("faults %+v, at %d", sum.Faults, sum.At)
	}
}

func fill(v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Int, reflect.Int64:
			f.SetInt(int64(i + 1))
		case reflect.Struct:
			fill(f)
		}
	}
}

func TestFaultsKeepTheFirstText(t *testing.T) {
	var f Faults
	f.note(&f.Status, "500")
	f.note(&f.Dial, "refused")
	f.note(&f.Status, "501")
	if f != (Faults{Status: 2, Dial: 1, First: "500"}) {
		t.Errorf("%+v", f)
	}
}

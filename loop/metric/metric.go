// Package metric reads the tags of structs of figures. Such a struct stands beside the code that counts,
// which adds to its fields as to any others, and a tag is all that anybody has to say of a figure:
//
//	metric  its name on the metrics page, without the prefix of the program; one that ends in _total is a
//	        counter, a Histogram is one, any other is a gauge
//	help    what it tells, in a sentence
//	label   what tells the figures of a struct, an array or a slice apart that have one name
//
// The fields of a struct with the tag label are told apart by their names, in small letters, the elements of
// an array by its method Label, and those of a slice of structs by their numbers, or what their own method Label
// says.
package metric

import (
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Metric is a figure by name.
type Metric struct {
	Name, Help string
	Label      string // the name of its label; empty: it has none
	Histogram  bool   // it is a Histogram
}

// IsCounter tells that the figure never falls.
func (m Metric) IsCounter() bool { return strings.HasSuffix(m.Name, "_total") }

// Labels names the elements of an array of figures.
type Labels interface{ Label(i int) string }

// Labelled is an element of a slice that has a name of its own.
type Labelled interface{ Label() string }

// Add adds the figures of the struct that part points to to those of total, a pointer to a struct of the
// same type. All its fields are figures, arrays of them, or such structs.
func Add[T any](total, part *T) { add(reflect.ValueOf(total).Elem(), reflect.ValueOf(part).Elem()) }

func add(total, part reflect.Value) {
	switch {
	case total.Kind() == reflect.Struct:
		for i := range total.NumField() {
			add(total.Field(i), part.Field(i))
		}
	case total.Kind() == reflect.Array:
		for i := range total.Len() {
			add(total.Index(i), part.Index(i))
		}
	case total.CanInt():
		total.SetInt(total.Int() + part.Int())
	default:
		total.SetUint(total.Uint() + part.Uint())
	}
}

// List is every figure of the struct that s points to.
func List(s any) (all []Metric) {
	walk(reflect.TypeOf(s).Elem(), "", func(m Metric) { all = append(all, m) })
	return all
}

func walk(t reflect.Type, label string, visit func(Metric)) {
	for i := range t.NumField() {
		f := t.Field(i)
		m, is := metricOf(f, label)
		switch {
		case is:
			visit(m)
		case f.Type.Kind() == reflect.Struct:
			walk(f.Type, label, visit)
		case f.Type.Kind() == reflect.Slice:
			walk(f.Type.Elem(), m.Label, visit)
		}
	}
}

// metricOf reads the tags of a field of a struct whose figures have a label, or none. A field without the tag
// metric is no figure, but what is in it may be.
func metricOf(f reflect.StructField, label string) (m Metric, is bool) {
	if own := f.Tag.Get("label"); own != "" {
		label = own
	}
	name, is := f.Tag.Lookup("metric")
	return Metric{Name: name, Help: f.Tag.Get("help"), Label: label, Histogram: f.Type == reflect.TypeFor[Histogram]()}, is
}

// Each visits the figures of the struct that s points to, each with the value of its label, if it has one.
// Of an array of counters those that are 0 are left out. Histograms are not visited.
func Each(s any, visit func(m Metric, label string, value float64)) {
	visitor{figure: visit, histogram: func(Metric, string, *Histogram) {}}.each(reflect.ValueOf(s).Elem(), "", "")
}

// Histograms visits the histograms of the struct that s points to, each with the value of its label, if it has one.
func Histograms(s any, visit func(m Metric, label string, h *Histogram)) {
	visitor{figure: func(Metric, string, float64) {}, histogram: visit}.each(reflect.ValueOf(s).Elem(), "", "")
}

// visitor is given the figures of a struct, by their kind.
type visitor struct {
	figure    func(m Metric, label string, value float64)
	histogram func(m Metric, label string, h *Histogram)
}

func (to visitor) each(v reflect.Value, label, value string) {
	for i := range v.NumField() {
		f := v.Field(i)
		m, is := metricOf(v.Type().Field(i), label)
		switch {
		case is && m.Histogram:
			to.histogram(m, value, f.Addr().Interface().(*Histogram))
		case is && f.Kind() == reflect.Struct:
			for j := range f.NumField() {
				to.figure(m, strings.ToLower(f.Type().Field(j).Name), number(f.Field(j)))
			}
		case is && f.Kind() == reflect.Array:
			eachElement(f, m, to.figure)
		case is:
			to.figure(m, value, number(f))
		case f.Kind() == reflect.Struct:
			to.each(f, label, value)
		case f.Kind() == reflect.Slice:
			for j := range f.Len() {
				to.each(f.Index(j), m.Label, labelOf(f.Index(j), j))
			}
		}
	}
}

// labelOf tells the i-th element of a slice apart.
func labelOf(v reflect.Value, i int) string {
	if named, is := v.Interface().(Labelled); is {
		return named.Label()
	}
	return strconv.Itoa(i)
}

func eachElement(v reflect.Value, m Metric, visit func(Metric, string, float64)) {
	labels := v.Interface().(Labels)
	for i := range v.Len() {
		if n := number(v.Index(i)); n != 0 || !m.IsCounter() {
			visit(m, labels.Label(i), n)
		}
	}
}

// number is a figure as the metrics page has it: seconds of a duration, 1 for what is true.
func number(v reflect.Value) float64 {
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		return time.Duration(v.Int()).Seconds()
	case v.Kind() == reflect.Bool && v.Bool():
		return 1
	case v.Kind() == reflect.Bool:
		return 0
	case v.CanInt():
		return float64(v.Int())
	}
	return float64(v.Uint())
}

package internalhttp

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// openAPI is the description, as far as the tests look at it.
type openAPI struct {
	Openapi string
	Paths   map[string]map[string]struct {
		Security  *[]any
		Responses map[string]described
	}
	Components struct {
		Responses map[string]described
		Schemas   map[string]*schema
	}
}

type described struct {
	Ref     string `json:"$ref"`
	Content map[string]struct{ Schema *schema }
}

// schema has the words of JSON Schema that the description uses; a test fails for any other.
type schema struct {
	Ref                  string `json:"$ref"`
	Description          string
	Type                 string
	Const                any
	Properties           map[string]*schema
	Required             []string
	AdditionalProperties *bool
	Items                *schema
	OneOf                []*schema
	MaxLength            int
}

func read(t *testing.T) (d openAPI) {
	t.Helper()
	if err := json.Unmarshal(description, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// pathOf is the path of the description that a request's path is of; a literal one goes before a template.
func (d openAPI) pathOf(path, method string) string {
	found := ""
	for template, methods := range d.Paths {
		_, has := methods[method]
		if template == path && has {
			return template
		}
		if stem, parameter, is := strings.Cut(template, "{"); is && has && strings.HasSuffix(parameter, "}") && strings.HasPrefix(path, stem) && len(template) > len(found) {
			found = template
		}
	}
	return found
}

// fault tells how an answer is not as the description has it; empty if it is.
func (d openAPI) fault(method, path string, status int, header http.Header, body string) string {
	path, _, _ = strings.Cut(path, "?")
	if method == http.MethodHead {
		method, body = http.MethodGet, ""
	}
	template := d.pathOf(path, strings.ToLower(method))
	if template == "" {
		if status == 404 || status == 405 {
			return ""
		}
		return "is not described"
	}
	if status == 400 && strings.Contains(body, "malformed request") || status == 431 {
		return "" // of no route: what is no HTTP
	}
	answer, has := d.Paths[template][strings.ToLower(method)].Responses[strconv.Itoa(status)]
	if !has {
		return "has no answer " + strconv.Itoa(status)
	}
	if name, is := strings.CutPrefix(answer.Ref, "#/components/responses/"); is {
		answer = d.Components.Responses[name]
	}
	if body == "" || len(answer.Content) == 0 {
		return ""
	}
	kind, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	content, has := answer.Content[kind]
	switch {
	case !has && answer.Content["*/*"].Schema == nil && len(answer.Content) > 0 && !slices.Contains(keysOf(answer.Content), "*/*"):
		return "has no answer of type " + kind
	case kind != "application/json" || content.Schema == nil:
		return ""
	}
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		return err.Error()
	}
	return d.breach(content.Schema, value, "answer")
}

func keysOf[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// breach tells where a value is not as a schema wants it.
func (d openAPI) breach(s *schema, value any, at string) string {
	if name, is := strings.CutPrefix(s.Ref, "#/components/schemas/"); is {
		s = d.Components.Schemas[name]
	}
	if s.Const != nil && !reflect.DeepEqual(s.Const, value) {
		return fmt.Sprintf("%s is %v, not %v", at, value, s.Const)
	}
	switch v := value.(type) {
	case map[string]any:
		return d.objectBreach(s, v, at)
	case []any:
		for i, item := range v {
			if s.Type != "array" {
				break
			}
			if s.Items == nil {
				return ""
			}
			if b := d.breach(s.Items, item, fmt.Sprintf("%s[%d]", at, i)); b != "" {
				return b
			}
		}
	}
	kinds := map[string]bool{"": true, "object": false}
	switch v := value.(type) {
	case string:
		kinds["string"] = true
	case bool:
		kinds["boolean"] = true
	case float64:
		kinds["integer"] = v == float64(int64(v))
	case []any:
		kinds["array"] = true
	}
	if !kinds[s.Type] {
		return fmt.Sprintf("%s is %v, no %s", at, value, s.Type)
	}
	return ""
}

func (d openAPI) objectBreach(s *schema, object map[string]any, at string) string {
	if s.Type != "object" && s.Type != "" {
		return at + " is an object, no " + s.Type
	}
	for _, name := range s.Required {
		if _, has := object[name]; !has {
			return at + " has no " + name
		}
	}
	for name, v := range object {
		property := s.Properties[name]
		if property == nil {
			if s.AdditionalProperties != nil && !*s.AdditionalProperties {
				return at + " has a " + name
			}
			continue
		}
		if b := d.breach(property, v, at+"."+name); b != "" {
			return b
		}
	}
	return ""
}

// Each route is described with whether it asks for a key, and nothing is described that is no route.
func TestDescriptionHasEachRoute(t *testing.T) {
	d := read(t)
	r := newRig(t, func(o *Options) { withConsole(o); o.Metrics = metricsPage() })
	routes := r.listener.routes()
	taken := make(map[string]bool)
	for _, route := range routes {
		path, method := route.path, strings.ToLower(route.method)
		if strings.HasSuffix(path, "/") {
			path += "any"
		}
		template := d.pathOf(path, method)
		if template == "" {
			t.Errorf("%s %s is not described", route.method, route.path)
			continue
		}
		taken[method+" "+template] = true
		operation := d.Paths[template][method]
		if open := operation.Security != nil && len(*operation.Security) == 0; open != route.open {
			t.Errorf("%s %s: open %v, described as %v", route.method, route.path, route.open, open)
		}
		if _, asks := operation.Responses["401"]; asks == route.open {
			t.Errorf("%s %s: 401 is described: %v", route.method, route.path, asks)
		}
	}
	for template, methods := range d.Paths {
		for method := range methods {
			if !taken[method+" "+template] {
				t.Errorf("%s %s is described, and no route", method, template)
			}
		}
	}
}

// It is valid JSON, whose references lead somewhere, and whoever asks gets it.
func TestDescriptionIsServed(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Keys = ring(t, "k", "") })
	status, body, header := r.do("GET", "/openapi.json", "")
	if status != 200 || header.Get("Content-Type") != "application/json" || body != strings.TrimSpace(string(description)) {
		t.Errorf("%d %v", status, header)
	}
	d := read(t)
	if d.Openapi != "3.1.0" {
		t.Error(d.Openapi)
	}
	for _, part := range strings.Split(body, `"$ref": "#/components/`)[1:] {
		reference, _, _ := strings.Cut(part, `"`)
		kind, name, _ := strings.Cut(reference, "/")
		_, answer := d.Components.Responses[name]
		if _, is := d.Components.Schemas[name]; kind == "schemas" && !is || kind == "responses" && !answer {
			t.Errorf("%s leads nowhere", reference)
		}
	}
}

// What is not as described is found.
func TestFaultsOfAnswers(t *testing.T) {
	d := read(t)
	json := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	for _, tt := range []struct {
		method, path string
		status       int
		body, want   string
	}{
		{"GET", "/health/live", 200, `{"live":true}`, ""},
		{"GET", "/health/live", 200, `{"live":false}`, "answer.live is false, not true"},
		{"GET", "/health/live", 500, `{"live":true}`, "has no answer 500"},
		{"GET", "/secret", 200, `{}`, "is not described"},
		{"GET", "/publish", 405, `{}`, ""},
		{"POST", "/publish", 200, `{}`, "answer has no published"},
		{"POST", "/publish", 200, `{"published":"1"}`, "answer.published is 1, no integer"},
		{"POST", "/publish", 200, `{"published":1,"lost":1}`, "answer has a lost"},
		{"POST", "/publish", 200, `[]`, "answer is [], no object"},
		{"GET", "/channels", 200, `{"channels":[{"channel":"/a","subscribers":1.5}]}`, "answer.channels[0].subscribers is 1.5, no integer"},
		{"GET", "/channels/a/b?limit=1", 200, `{"channel":"/a/b","subscribers":1,"presence":{"sessions":1}}`, "answer.presence has no identities"},
		{"GET", "/health/ready", 503, `{"ready":false,"reasons":"x"}`, "answer.reasons is x, no array"},
	} {
		if got := d.fault(tt.method, tt.path, tt.status, json, tt.body); got != tt.want {
			t.Errorf("%s %s %d %s: %q, want %q", tt.method, tt.path, tt.status, tt.body, got, tt.want)
		}
	}
	if got := d.fault("GET", "/channels", 200, http.Header{}, "text"); !strings.Contains(got, "no answer of type") {
		t.Errorf("another type: %q", got)
	}
}

package config

import "testing"

func TestAdvice(t *testing.T) {
	for _, a := range Advised() {
		if when, ok := When(a.Flag); !ok || when != a.When || when == "" {
			t.Errorf("%s: %q", a.Flag, when)
		}
	}
	if when, ok := When("--nothing"); ok {
		t.Error(when)
	}
}

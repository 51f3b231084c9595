package listen

import (
	"strings"
	"testing"
)

func TestProxied(t *testing.T) {
	list, err := ParseAll([]string{":80", "unix:/run/a.sock"}, []string{":443"})
	if err != nil {
		t.Fatal(err)
	}
	if err := Proxied(list, []string{":443", "unix:/run//a.sock"}); err != nil || list[0].Proxy || !list[1].Proxy || !list[2].Proxy {
		t.Errorf("%v, %v", list, err)
	}
	for _, address := range []string{":81", "x"} {
		if err := Proxied(list, []string{address}); err == nil || !strings.HasPrefix(err.Error(), "--proxy-protocol ") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

package client

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// The newest token goes with each request, and never in place of other credentials.
func TestTokenInTheHeader(t *testing.T) {
	for _, c := range []struct {
		name, address string
		own           http.Header
		given         []string
		want          string
	}{
		{"none yet", "http://server/", nil, nil, ""},
		{"the newest", "http://server/", nil, []string{"t1", "t2"}, "Bearer t2"},
		{"beside others", "http://server/", http.Header{"X-Own": {"1"}}, []string{"t1"}, "Bearer t1"},
		{"the user's own", "http://server/", http.Header{"Authorization": {"Basic x"}}, []string{"t1"}, "Basic x"},
		{"the address's own", "http://me:secret@server/", nil, []string{"t1"}, ""},
	} {
		shown := new(credential)
		for _, token := range c.given {
			shown.given(token)
		}
		address, err := url.Parse(c.address)
		if err != nil {
			t.Fatal(err)
		}
		fields := shown.fields(c.own, address)
		if got := fields.Get("Authorization"); got != c.want || fields.Get("X-Own") != c.own.Get("X-Own") {
			t.Errorf("%s: %q, want %q: %v", c.name, got, c.want, fields)
		}
		if c.own.Get("Authorization") != "Basic x" && c.own.Get("Authorization") != "" {
			t.Errorf("%s: the user's header has changed: %v", c.name, c.own)
		}
	}
	var nobody *credential
	nobody.given("t")
	if got := nobody.fields(http.Header{"X-Own": {"1"}}, new(url.URL)); len(got) != 1 {
		t.Errorf("without Token: %v", got)
	}
}

// A redirect to another host does not take the token along.
func TestTokenStaysWithItsHost(t *testing.T) {
	got := make(chan string, 1)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) { got <- q.Header.Get("Authorization") }))
	defer other.Close()
	address := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, address, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	c, err := New(server.URL, Options{Token: func(context.Context) (string, error) { return "t", nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.Handshake(t.Context()) // the other host is no Bayeux server
	if at := <-got; at != "" {
		t.Errorf("the other host was shown %q", at)
	}
}

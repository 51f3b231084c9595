package secure

import (
	"crypto/tls"
	"strings"
)

// table finds the certificate for the name that a client asks for.
type table struct {
	names map[string][]*tls.Certificate // by name, *.example.com being one; those with a name in the order of the flags
	first []*tls.Certificate            // for all other names; empty without files
}

func newTable(pairs []*pair) *table {
	t := &table{names: make(map[string][]*tls.Certificate)}
	for _, p := range pairs {
		for _, name := range namesOf(p.certificate.Leaf) {
			t.names[name] = append(t.names[name], p.certificate)
		}
	}
	if len(pairs) == 0 {
		return t
	}
	t.first = []*tls.Certificate{pairs[0].certificate}
	if names := namesOf(t.first[0].Leaf); len(names) > 0 {
		t.first = t.names[names[0]]
	}
	return t
}

// find is the certificate for a client: of those for the name, or else for one label of it, or else the first ones, that
// which the client's algorithms fit. It is nil if there is no certificate at all.
func (t *table) find(hello *tls.ClientHelloInfo) *tls.Certificate {
	name := strings.ToLower(hello.ServerName)
	list := t.names[name]
	if len(list) == 0 {
		if _, parent, ok := strings.Cut(name, "."); ok {
			list = t.names["*."+parent]
		}
	}
	if len(list) == 0 {
		list = t.first
	}
	if len(list) == 0 {
		return nil
	}
	if len(list) > 1 {
		for _, one := range list {
			if supports(hello, one) {
				return one
			}
		}
	}
	return list[0]
}

// supports tells whether the algorithms of a client fit a certificate, whatever its name.
func supports(hello *tls.ClientHelloInfo, one *tls.Certificate) bool {
	nameless := *hello
	nameless.ServerName = ""
	return nameless.SupportsCertificate(one) == nil
}

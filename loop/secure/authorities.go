// Proved by TestClientCertificates.

package secure

import (
	"bytes"
	"crypto/x509"
)

// authorities are those whose client certificates are good.
type authorities struct {
	text []byte
	pool *x509.CertPool
}

func readAuthorities(file string) (*authorities, error) {
	text, err := readFile(file)
	if err != nil {
		return nil, named(file, err)
	}
	list, err := parseCertificates(text)
	if err != nil {
		return nil, named(file, err)
	}
	a := &authorities{text: text, pool: x509.NewCertPool()}
	for _, one := range list {
		a.pool.AddCert(one)
	}
	return a, nil
}

// equal tells whether nothing is different.
func (a *authorities) equal(other *authorities) bool { return bytes.Equal(a.text, other.text) }

// Proved by TestReload and TestBadFilesNameTheirFlag.

package secure

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// pair is a certificate of a file, with its key.
type pair struct {
	file        string // of the certificate
	text        []byte // of both files
	certificate *tls.Certificate
}

// readPair reads a certificate and its key. Errors name the flag.
func readPair(certFile, keyFile string) (*pair, error) {
	cert, err := readFile(certFile)
	if err == nil {
		err = checkCertificates(cert)
	}
	if err != nil {
		return nil, flagError("tls-cert", named(certFile, err))
	}
	key, err := readFile(keyFile)
	if err != nil {
		return nil, flagError("tls-key", named(keyFile, err))
	}
	both, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, flagError("tls-key", fmt.Errorf("%s, for the certificate %s: %w", keyFile, certFile, err))
	}
	return &pair{file: certFile, text: append(append(cert, 0), key...), certificate: &both}, nil
}

// checkCertificates tells whether text is certificates in PEM.
func checkCertificates(text []byte) error {
	_, err := parseCertificates(text)
	return err
}

// parseCertificates reads the certificates of text, at least one. Other blocks are left out, as OpenSSL does.
func parseCertificates(text []byte) (list []*x509.Certificate, err error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	if len(list) == 0 {
		return nil, errors.New("no certificate in PEM is in it")
	}
	return list, nil
}

// equal tells whether nothing is different.
func (p *pair) equal(other *pair) bool { return bytes.Equal(p.text, other.text) }

// String is the certificate in a line of the log.
func (p *pair) String() string { return describe(p.file, p.certificate.Leaf) }

// describe is a certificate in a line of the log.
func describe(from string, leaf *x509.Certificate) string {
	return fmt.Sprintf("certificate %s for %s until %s", from, strings.Join(namesOf(leaf), ", "), leaf.NotAfter.UTC().Format(time.RFC3339))
}

// namesOf are the names that a certificate is for, in small letters.
func namesOf(leaf *x509.Certificate) (names []string) {
	for _, name := range leaf.DNSNames {
		names = append(names, strings.ToLower(name))
	}
	for _, address := range leaf.IPAddresses {
		names = append(names, address.String())
	}
	return names
}

// maxFile bounds what is read of one file.
const maxFile = 1 << 20

// readFile reads a file that has a bound.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	return text, err
}

// named puts the file's name before an error that has none.
func named(file string, err error) error {
	if path := new(os.PathError); errors.As(err, &path) {
		return err
	}
	return fmt.Errorf("%s: %w", file, err)
}

// flagError is an error of what a flag names.
func flagError(flag string, err error) error { return fmt.Errorf("--%s: %w", flag, err) }

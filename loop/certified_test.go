package loop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	mathbig "math/big"
	"net"
	"time"
)

// certified is a server's configuration with a certificate of its own.
func certified() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: mathbig.NewInt(1), Subject: pkix.Name{CommonName: "anna"}, DNSNames: []string{"halley.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}}}
}

// trusting is a client's configuration for a server that has a certificate of its own.
func trusting(s *Server) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(s.cfg.TLS.Certificates[0].Leaf)
	return &tls.Config{RootCAs: pool, ServerName: "halley.test"}
}

// secured is the client's end of a connection to a server: encrypted, if its first listener is.
func secured(s *Server, conn net.Conn) net.Conn {
	if !s.Listeners()[0].TLS {
		return conn
	}
	return tls.Client(conn, trusting(s))
}

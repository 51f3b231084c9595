// Proved by TestTLSAttacks.

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"time"
)

// secured gives a server a listener for TLS, with a certificate of its own in dir.
func secured(dir string) (flags []string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(24 * time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: certificate}, "key.pem": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			return nil, err
		}
	}
	return []string{"--tls-listen", "127.0.0.1:0", "--tls-cert", filepath.Join(dir, "cert.pem"), "--tls-key", filepath.Join(dir, "key.pem"), "--header-timeout", "3s"}, nil
}

// secureConn opens a connection to the listener for TLS.
func (s *server) secureConn(ctx context.Context) (net.Conn, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 12)}}
	return dialer.DialContext(ctx, "tcp", s.secure)
}

// hello is a ClientHello as a real client sends it.
func hello() []byte {
	ours, theirs := net.Pipe()
	go tls.Client(theirs, &tls.Config{ServerName: "localhost"}).Handshake() // ends with the pipe
	defer ours.Close()
	text := make([]byte, 4096)
	n, _ := ours.Read(text)
	return text[:n]
}

// tlsGarbage sends what is no TLS, or damaged.
func tlsGarbage() adversary {
	return adversary{
		name: "tls-garbage", what: "2,000 connections to the listener for TLS that send noise, damaged records and plain HTTP",
		prepare: secured,
		attack: func(ctx context.Context, s *server) error {
			first := hello()
			return atOnce(8, func(n int) error {
				random := mathrand.New(mathrand.NewPCG(1, uint64(n)))
				for i := range 250 {
					conn, err := s.secureConn(ctx)
					if err != nil {
						return err
					}
					switch i % 4 {
					case 0:
						noise := make([]byte, random.IntN(20_000))
						rand.Read(noise)
						conn.Write(noise)
					case 1:
						io.WriteString(conn, damage(random, string(first)))
					case 2:
						io.WriteString(conn, string(first)+damage(random, string(first)))
					case 3:
						io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
					}
					conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
					io.Copy(io.Discard, conn)
					dropped(conn)
				}
				return nil
			})
		},
	}
}

// tlsFloods shakes hands as fast as it can, never with a ticket, and leaves.
func tlsFloods() adversary {
	return adversary{
		name: "tls-floods", what: "16 clients that do whole TLS handshakes as fast as they can, for five seconds",
		prepare: secured,
		attack: func(ctx context.Context, s *server) error {
			end := time.Now().Add(5 * time.Second)
			return atOnce(16, func(int) error {
				for time.Now().Before(end) && ctx.Err() == nil {
					conn, err := s.secureConn(ctx)
					if err != nil {
						return err
					}
					conn.SetDeadline(time.Now().Add(10 * time.Second))
					tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).Handshake() // which may be refused
					dropped(conn)
				}
				return nil
			})
		},
	}
}

// slowTLS begins handshakes and never ends them.
func slowTLS() adversary {
	return adversary{
		name: "slow-tls", what: "500 connections that send a ClientHello a byte at a time, or half of one",
		prepare: secured,
		attack: func(ctx context.Context, s *server) error {
			first := hello()
			return atOnce(500, func(n int) error {
				conn, err := s.secureConn(ctx)
				if err != nil {
					return err
				}
				defer dropped(conn)
				defer context.AfterFunc(ctx, func() { conn.Close() })()
				if n%2 == 0 {
					conn.Write(first[:len(first)/2])
					conn.SetReadDeadline(time.Now().Add(5 * time.Second))
					io.Copy(io.Discard, conn)
					return nil
				}
				for i := 0; i < len(first) && ctx.Err() == nil; i++ {
					if _, err := conn.Write(first[i : i+1]); err != nil {
						break // cut off, as it should be
					}
					pause(ctx, 20*time.Millisecond)
				}
				return nil
			})
		},
	}
}

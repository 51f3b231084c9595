package nats

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
)

// Of the links between embedded servers: one that says nothing for three pings is lost.
const (
	routePing  = time.Second
	routePings = 2
)

// startTimeout is how long an embedded server may take to start. Of a large store it reads the index.
const startTimeout = time.Minute

// mostStored bounds what an embedded server stores; the streams have bounds of their own, which are far less.
const mostStored = 1 << 40

// embedded is a NATS server in this process.
type embedded struct {
	nats   *server.Server
	log    *serverLog
	folder *folder
}

// start starts a server that takes no clients but this process and has routes to the peers.
func start(s *Settings, largest int, log *slog.Logger) (*embedded, error) {
	if !quicken() {
		log.Warn("this build's NATS has other elections than were known: a publish to a channel with history may wait for 10 s when a node dies")
	}
	o, err := s.serverOptions(largest)
	if err != nil {
		return nil, err
	}
	e := &embedded{log: newServerLog(log)}
	if e.folder, err = openFolder(s.Store); err != nil {
		return nil, err
	}
	o.StoreDir = e.folder.path
	if e.nats, err = server.NewServer(o); err != nil {
		e.folder.close()
		return nil, fmt.Errorf("--cluster-listen: %w", err)
	}
	e.nats.SetLoggerV2(e.log, false, false, false)
	e.nats.Start()
	if fault := e.log.fatal(); fault != "" {
		e.shutdown()
		return nil, fmt.Errorf("--cluster-store %s: %s", s.Store, fault)
	}
	// A server without clients' port never opens that of the routes, for which it waits until the other is open.
	open := make(chan struct{})
	close(open)
	e.nats.StartRouting(open)
	if fault := e.log.fatal(); fault != "" {
		e.shutdown()
		return nil, fmt.Errorf("--cluster-listen %s: %s", s.Listen, fault)
	}
	if !e.nats.ReadyForConnections(startTimeout) {
		e.shutdown()
		return nil, errors.New("--cluster-listen: the NATS server in this process does not start")
	}
	return e, nil
}

// serverOptions are those of the server of this process.
func (s *Settings) serverOptions(largest int) (*server.Options, error) {
	host, port, _ := net.SplitHostPort(s.Listen)
	number, _ := strconv.Atoi(port)
	secret, err := s.secret()
	if err != nil {
		return nil, err
	}
	o := &server.Options{
		DontListen: true, NoSigs: true, NoLog: true, ServerName: serverName(s.Listen),
		MaxPayload: int32(max(largest, usualMost)),
		JetStream:  true, SyncAlways: s.Sync == "always", DisableJetStreamBanner: true,
		JetStreamMaxMemory: mostStored, JetStreamMaxStore: mostStored,
		Cluster: server.ClusterOpts{
			Name: s.Name, Host: host, Port: number, PingInterval: routePing, MaxPingsOut: routePings, PoolSize: 1,
		},
		ConnectErrorReports: 30, ReconnectErrorReports: 30,
	}
	if secret != "" {
		o.Cluster.Username, o.Cluster.Password = "halley", secret
	}
	if o.Cluster.TLSConfig, err = s.routeTLS(); err != nil {
		return nil, err
	}
	o.Cluster.TLSTimeout = writeTimeout.Seconds()
	for _, peer := range s.Peers {
		u := &url.URL{Scheme: "nats-route", Host: peer}
		if secret != "" {
			u.User = url.UserPassword("halley", secret)
		}
		o.Routes = append(o.Routes, u)
	}
	return o, nil
}

// routeTLS is how the nodes speak with each other; nil: in plain. Each checks the other.
func (s *Settings) routeTLS() (*tls.Config, error) {
	if s.Cert == "" {
		return nil, nil
	}
	pair, err := s.pair()
	if err != nil {
		return nil, err
	}
	pool, err := s.authorities()
	if err != nil {
		return nil, err
	}
	own := &renewed{settings: s, last: &pair}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		GetCertificate:       func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return own.pair(), nil },
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own.pair(), nil },
	}, nil
}

// renewed is the certificate of a node, read again for each link: files change while it runs.
type renewed struct {
	settings *Settings
	mu       sync.Mutex
	last     *tls.Certificate // that could be read
}

// pair is the certificate of now, or the last one that could be read.
func (r *renewed) pair() *tls.Certificate {
	r.mu.Lock()
	defer r.mu.Unlock()
	if pair, err := r.settings.pair(); err == nil {
		r.last = &pair
	}
	return r.last
}

// serverName is what the servers of a cluster know each other by: what is stored for one is looked for under this name again.
func serverName(listen string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return host + "-" + listen
}

// options has NATS' client connect within the process.
func (e *embedded) options(o *natsgo.Options, c *connection) error {
	o.InProcessServer = gateProvider{e.nats, c}
	o.PingInterval = time.Hour // what is in this process does not go unnoticed, and a slow reader is no reason to end it
	return nil
}

// gateProvider makes the connection of c one that is read from while there is room.
type gateProvider struct {
	nats *server.Server
	c    *connection
}

// InProcessConn implements natsgo.InProcessConnProvider.
func (p gateProvider) InProcessConn() (net.Conn, error) {
	conn, err := p.nats.InProcessConn()
	if err != nil {
		return nil, err
	}
	p.c.gate = newGate(conn, p.c.messages)
	return p.c.gate, nil
}

// storeGone tells whether the server keeps nothing of the history any more.
func (e *embedded) storeGone() bool {
	return e != nil && e.nats.Running() && !e.nats.JetStreamEnabled()
}

// shutdown ends the server, once others lead its streams.
func (e *embedded) shutdown() {
	if e == nil {
		return
	}
	e.nats.Shutdown()
	e.nats.WaitForShutdown()
	e.folder.close()
}

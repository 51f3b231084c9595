// Package secure has the certificates of TLS: from files or by ACME, which of them a client gets, whose client certificates
// are good, and the keys of session tickets. All of it may change while the server runs, and who is connected stays so.
//
// A Certificates is what there is at the time. Config is for whoever shakes hands, Reload reads the files again, and Run is
// the work that time brings.
package secure

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Certificates are the certificates of one server.
type Certificates struct {
	settings Settings
	log      *slog.Logger
	config   *tls.Config
	chosen   atomic.Pointer[table]
	asking   atomic.Pointer[tls.Config] // what says whose client certificates are good
	orders   *orders                    // of ACME, nil without
	warnings warnings

	mu      sync.Mutex // guards the next three
	pairs   []*pair
	clients *authorities // nil without --tls-client-ca
	tickets *tickets     // nil without --tls-ticket-keys
	figures Figures      // its counters, atomically
}

// Open reads what the settings name, and makes the file of ticket keys and the folder of ACME if they are absent. Errors name
// the flag.
func Open(s Settings, log *slog.Logger) (*Certificates, error) {
	c, err := read(s, log)
	if err != nil {
		return nil, err
	}
	if c.tickets != nil {
		if err := c.tickets.open(time.Now()); err != nil {
			return nil, flagError("tls-ticket-keys", err)
		}
		c.config.SetSessionTicketKeys(c.tickets.forTLS())
	}
	if c.orders != nil {
		if err := c.orders.open(); err != nil {
			return nil, flagError("tls-acme-cache", err)
		}
	}
	c.warnings.tell(log, c.expiries(), time.Now())
	return c, nil
}

// Check is Open without changing any file: it tells whether that would succeed, as far as can be told.
func Check(s Settings) (*Certificates, error) {
	c, err := read(s, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if c.tickets != nil {
		if err := c.tickets.check(); err != nil {
			return nil, flagError("tls-ticket-keys", err)
		}
	}
	if c.orders != nil {
		if err := c.orders.check(); err != nil {
			return nil, flagError("tls-acme-cache", err)
		}
	}
	return c, nil
}

// read makes Certificates without changing any file.
func read(s Settings, log *slog.Logger) (*Certificates, error) {
	s.Hosts = slices.Clone(s.Hosts)
	if err := s.check(); err != nil {
		return nil, err
	}
	c := &Certificates{settings: s, log: log}
	for i := range s.Cert {
		p, err := readPair(s.Cert[i], s.Key[i])
		if err != nil {
			return nil, err
		}
		c.pairs = append(c.pairs, p)
	}
	c.chosen.Store(newTable(c.pairs))
	if s.TicketKeys != "" {
		c.tickets = &tickets{file: s.TicketKeys, log: log}
	}
	if len(s.Hosts) > 0 {
		c.orders = newOrders(s.ACME, log)
	}
	c.config = c.newConfig()
	if s.ClientCA == "" {
		return c, nil
	}
	var err error
	if c.clients, err = readAuthorities(s.ClientCA); err != nil {
		return nil, flagError("tls-client-ca", err)
	}
	c.askClients()
	return c, nil
}

// Name is what the log calls the certificates.
func (c *Certificates) Name() string { return "certificates" }

// Files are those that Reload reads.
func (c *Certificates) Files() []string {
	files := slices.Concat(c.settings.Cert, c.settings.Key)
	for _, file := range []string{c.settings.ClientCA, c.settings.TicketKeys} {
		if file != "" {
			files = append(files, file)
		}
	}
	return files
}

// Reload reads the files again and says what is different. What is bad stays as it was, apart from the rest.
func (c *Certificates) Reload() (changed []string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, again := range []func() ([]string, error){c.reloadPairs, c.reloadClients, c.reloadTickets} {
		what, fault := again()
		changed, err = append(changed, what...), errors.Join(err, fault)
	}
	if len(changed) > 0 {
		atomic.AddUint64(&c.figures.Reloads, 1)
	}
	if err != nil {
		atomic.AddUint64(&c.figures.ReloadFailures, 1)
	}
	return changed, err
}

func (c *Certificates) reloadPairs() (changed []string, err error) {
	for i, old := range c.pairs {
		p, fault := readPair(c.settings.Cert[i], c.settings.Key[i])
		switch {
		case fault != nil:
			err = errors.Join(err, fault)
		case !p.equal(old):
			c.pairs[i] = p
			changed = append(changed, p.String())
		}
	}
	if len(changed) > 0 {
		c.chosen.Store(newTable(c.pairs))
	}
	return changed, err
}

func (c *Certificates) reloadClients() (changed []string, err error) {
	if c.clients == nil {
		return nil, nil
	}
	a, err := readAuthorities(c.settings.ClientCA)
	if err != nil {
		return nil, flagError("tls-client-ca", err)
	}
	if a.equal(c.clients) {
		return nil, nil
	}
	c.clients = a
	c.askClients()
	return []string{"authorities of clients, " + c.settings.ClientCA}, nil
}

func (c *Certificates) reloadTickets() (changed []string, err error) {
	if c.tickets == nil {
		return nil, nil
	}
	before := c.tickets.keys
	if err := c.tickets.again(time.Now()); err != nil {
		return nil, flagError("tls-ticket-keys", err)
	}
	if slices.Equal(before, c.tickets.keys) {
		return nil, nil
	}
	c.config.SetSessionTicketKeys(c.tickets.forTLS())
	return []string{"keys of session tickets, " + c.settings.TicketKeys}, nil
}

// minute is how often Run looks what time has brought.
const minute = time.Minute

// Run does what time brings until ctx is done: new keys for tickets, certificates of ACME, warnings of those that end soon. It
// begins when the server listens, since a certificate authority visits it.
func (c *Certificates) Run(ctx context.Context) {
	if c.orders != nil {
		c.orders.run(ctx)
	}
	ticks := time.NewTicker(minute)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticks.C:
			c.tick(now)
		}
	}
}

func (c *Certificates) tick(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tickets != nil && c.tickets.rotate(now) {
		c.config.SetSessionTicketKeys(c.tickets.forTLS())
	}
	c.warnings.tell(c.log, c.expiries(), now)
}

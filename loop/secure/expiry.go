// Proved by TestWarnings and TestReload.

package secure

import (
	"crypto/x509"
	"log/slog"
	"sync/atomic"
	"time"
)

// Figures are what the certificates tell of themselves, see package loop/metric.
type Figures struct {
	Certificates   []Expiry `label:"certificate"`
	Reloads        uint64   `metric:"tls_reloads_total" help:"Times that certificates, authorities or ticket keys were read again and had changed."`
	ReloadFailures uint64   `metric:"tls_reload_failures_total" help:"Times that a file of certificates, authorities or ticket keys was bad, and the old one stayed."`
	ACMEFailures   uint64   `metric:"tls_acme_failures_total" help:"Times that --tls-acme did not bring a certificate."`
}

// Expiry is when a certificate ends.
type Expiry struct {
	Certificate string // its file, or acme:HOST
	NotAfter    int64  `metric:"tls_certificate_expiry_timestamp_seconds" help:"When a certificate ends, in seconds since 1970."`
	notBefore   time.Time
}

// Label implements metric.Labelled.
func (e Expiry) Label() string { return e.Certificate }

func expiryOf(name string, leaf *x509.Certificate) Expiry {
	return Expiry{Certificate: name, NotAfter: leaf.NotAfter.Unix(), notBefore: leaf.NotBefore}
}

// Figures are what there is now. A nil Certificates has none.
func (c *Certificates) Figures() Figures {
	if c == nil {
		return Figures{}
	}
	f := Figures{Reloads: atomic.LoadUint64(&c.figures.Reloads), ReloadFailures: atomic.LoadUint64(&c.figures.ReloadFailures)}
	if c.orders != nil {
		f.ACMEFailures = c.orders.failures.Load()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f.Certificates = c.expiries()
	return f
}

// expiries are when the certificates end. The caller has the lock.
func (c *Certificates) expiries() (list []Expiry) {
	for _, p := range c.pairs {
		list = append(list, expiryOf(p.file, p.certificate.Leaf))
	}
	if c.orders != nil {
		list = append(list, c.orders.expiries()...)
	}
	return list
}

// warnings are told once a day of each certificate, by name.
type warnings struct{ told map[string]time.Time }

// soon is how long before its end a certificate is warned of, unless a third of its life is shorter.
const soon = 14 * 24 * time.Hour

// tell warns of certificates that have ended, end soon or have not begun.
func (w *warnings) tell(log *slog.Logger, list []Expiry, now time.Time) {
	for _, e := range list {
		end := time.Unix(e.NotAfter, 0)
		left := end.Sub(now)
		ending := left < min(soon, end.Sub(e.notBefore)/3)
		if !ending && !now.Before(e.notBefore) || now.Sub(w.told[e.Certificate]) < 24*time.Hour {
			continue
		}
		if w.told == nil {
			w.told = make(map[string]time.Time)
		}
		w.told[e.Certificate] = now
		switch {
		case left <= 0:
			log.Error("a certificate has ended: clients refuse it", "certificate", e.Certificate, "end", end.UTC())
		case ending:
			log.Warn("a certificate ends soon", "certificate", e.Certificate, "end", end.UTC(), "left", left.Round(time.Minute).String())
		default:
			log.Warn("a certificate is not good yet: clients refuse it", "certificate", e.Certificate, "begin", e.notBefore.UTC())
		}
	}
}

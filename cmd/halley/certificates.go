// Proved by TestUsageErrorsExitWith2 and TestCertificatesAreReloaded.

package main

import (
	"context"
	"log/slog"

	"halley/cmd/halley/metrics"
	"halley/loop"
	"halley/loop/secure"
)

// openCertificates are those that the flags name, nil if they name none. --check-config makes no file.
func (c *serveCommand) openCertificates(log *slog.Logger) (certificates *secure.Certificates, err error) {
	if c.CheckConfig {
		certificates, err = secure.Check(c.TLS)
	} else {
		certificates, err = secure.Open(c.TLS, log)
	}
	if err != nil {
		return nil, usageError{err}
	}
	if !c.TLS.Enabled() {
		return nil, nil
	}
	return certificates, nil
}

// keepFresh renews what of the certificates the server makes itself.
func keepFresh(ctx context.Context, server *loop.Server, certificates *secure.Certificates) {
	if listening(ctx, server) {
		certificates.Run(ctx)
	}
}

// ofCertificates are their figures.
func (c *serveCommand) ofCertificates() metrics.Source {
	return metrics.Source{Of: new(secure.Figures), Take: func() any {
		f := c.certificates.Figures()
		return &f
	}}
}

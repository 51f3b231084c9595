package client_test

import (
	"context"
	"testing"
	"time"

	"halley/bayeux/client"
)

// Who stops to run can still say goodbye, by whatever connection.
func TestDisconnectAfterRun(t *testing.T) {
	s, address := serve(t, nil)
	for _, kind := range []string{"websocket", "eventsource", "long-polling"} {
		t.Run(kind, func(t *testing.T) {
			c, err := client.New(address, client.Options{ConnectionTypes: []string{kind}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- c.Run(ctx) }()
			until(t, "a connect that is held", func() bool {
				list, err := s.Sessions(t.Context(), 10)
				return err == nil && len(list) == 1 && (list[0].Held || kind == "eventsource" && list[0].ConnectionType == kind)
			})
			cancel()
			<-done
			goodbye, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if err := c.Disconnect(goodbye); err != nil {
				t.Errorf("Disconnect() = %v", err)
			}
			if n := s.Stats().Sessions; n != 0 {
				t.Errorf("%d sessions are left", n)
			}
		})
	}
}

package client_test

import (
	"context"
	"fmt"
	"log"

	"halley/bayeux/client"
)

// Follow a stock and say something about it.
func Example() {
	ctx := context.Background()
	c, err := client.New("http://127.0.0.1:8080/bayeux", client.Options{
		OnError: func(err error) { log.Print(err) },
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Handshake(ctx); err != nil {
		log.Fatal(err)
	}
	defer c.Disconnect(ctx)
	err = c.Subscribe(ctx, "/stock/HLY", func(m client.Message) {
		fmt.Println(m.Channel, string(m.Data))
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Publish(ctx, "/chat/stocks", []byte(`{"text":"watching HLY"}`)); err != nil {
		log.Fatal(err)
	}
	log.Print(c.Run(ctx))
}

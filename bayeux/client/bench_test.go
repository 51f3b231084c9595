package client

import (
	"strings"
	"testing"
)

// BenchmarkReceive is the cost of a delivery from response body to handler.
func BenchmarkReceive(b *testing.B) {
	const messages = 100
	one := `{"channel":"/stock/SPY","data":{"ms_since_midnight":34200007,"symbol":"SPY","price":167.4100,"size":500,"exchange":"Q"}},`
	body := []byte("[" + strings.Repeat(one, messages) + `{"channel":"/meta/connect","id":"9","successful":true}]`)
	c, err := New("http://127.0.0.1/", Options{})
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	c.inbox.table.set(registration{pattern: "/stock/*", handler: func(Message) { n++ }})
	l := c.inbox.newLane()
	c.inbox.use(l)
	b.ReportAllocs()
	for b.Loop() {
		messages, err := c.receive(body)
		if err != nil {
			b.Fatal(err)
		}
		<-c.inbox.put(l, messages)
	}
	if n != b.N*messages {
		b.Errorf("%d handled", n)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/message")
}

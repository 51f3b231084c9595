// Proved by bayeux/testdata/connect.txt and TestCrowdThatStaysAwayIsNoStorm.

package bayeux

import "halley/bayeux/message"

// clientAdvice is what a client asks for with the advice of one connect, in
// milliseconds; -1 where it asks for nothing. Both hold for that message alone.
type clientAdvice struct {
	present           bool
	timeout, interval int64
}

// readAdvice reads what a connect asks for. What it gives as null, or below 0 as
// CometD's clients do, it does not ask for. Its session lives as long as its interval
// more, so that is at most what a held connect would take.
func readAdvice(m *message.Message, longest int64) (a clientAdvice, valid bool) {
	a = clientAdvice{present: m.Advice != nil, timeout: -1, interval: -1}
	valid = true
	message.Each(m.Advice, func(name, value []byte) bool {
		switch string(name) {
		case "timeout":
			a.timeout, valid = readDuration(value)
		case "interval":
			a.interval, valid = readDuration(value)
			a.interval = min(a.interval, longest)
		}
		return valid
	})
	return a, valid
}

func readDuration(value []byte) (ms int64, valid bool) {
	if isAbsent(value) {
		return -1, true
	}
	ms, valid = message.Integer(value)
	return max(ms, -1), valid
}

// asks tells whether a message turns an extension on.
func asks(m *message.Message, name string) bool {
	return string(message.Get(m.Ext, name)) == "true"
}

// wish is what a connect says of how it is to be answered.
type wish struct {
	advice clientAdvice
	number int64 // of the connect reply that it acknowledges
	acks   bool  // it names one
}

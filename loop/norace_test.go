//go:build !race

package loop

const stalledEvents = 6000

// Package bayeux is the protocol core of the server: sessions, subscriptions,
// bounded queues and the five meta operations of the Bayeux protocol 1.0.
//
// It has no clock, no I/O and no locks. A Server belongs to one event loop.
// Whoever drives it
//
//  1. calls BeginTurn whenever it has looked at its sockets,
//  2. hands it each request's batch with Handle, the current instant included,
//  3. hands it each event that other loops published with Deliver,
//  4. calls Tick at each beat of the clock and Flush at the end of each turn,
//  5. executes the Effects that these calls append, in order, and
//  6. reports what became of each reply: Written, Bounced or Gone.
//
// Instants are milliseconds of any clock that never goes back.
package bayeux

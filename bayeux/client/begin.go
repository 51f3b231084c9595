// Proved by TestSessionsAreTold and TestHandlerOfAll.

package client

import "github.com/goccy/go-json"

// Session is what is told of a new session.
type Session struct {
	ID  string          // the clientId
	Ext json.RawMessage // the extensions of the reply to the handshake
	// Acknowledges and Replays tell which of these extensions the server has that were asked for.
	Acknowledges, Replays bool
	// Missed are the patterns that have no cursor to go on from, if there was a session before: what was published between
	// the two is missed.
	Missed []string
}

// tellSession tells the user of a session, before anything can come by it.
type tellSession struct{ session Session }

func (a tellSession) perform(s *shell) { s.options.OnSession(a.session) }

// introduce tells of the session of a handshake reply.
func introduce(m *machine, reply Reply) {
	told := Session{ID: m.session.id, Ext: reply.Ext, Acknowledges: m.session.acknowledges, Replays: m.session.replays}
	if m.hadSession {
		told.Missed = m.table.those(func(r *registration) bool { return !m.session.replays || r.cursor == 0 })
	}
	m.hadSession = true
	m.act(tellSession{told})
}

// Connected tells whether a session has a connect under way: nothing is known to be wrong.
func (c *Client) Connected() (connected bool) {
	c.look(func(m *machine) { _, connected = m.state.(*connecting) })
	return connected
}

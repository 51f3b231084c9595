package bayeux

// seat is a session with its slot, for what one call has to do with it. It is made where it
// is used and kept nowhere: the session may be gone with the next call.
type seat struct {
	s       *Server
	slot    uint32
	session *session
}

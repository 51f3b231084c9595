package bayeux

// heldID is the id of a held connect. Ids too long for it go to longIDs, which is rare:
// clients count.
type heldID struct {
	n    uint8 // length; 0 none, isLong in longIDs
	text [15]byte
}

const isLong = 0xff

// longIDs are the ids of held connects that are too long for a session's record, by slot.
type longIDs map[uint32]string

// keep returns what is kept of an id in the record.
func (l longIDs) keep(slot uint32, id []byte) (k heldID) {
	if len(id) > len(k.text) {
		l[slot], k.n = string(id), isLong
		return k
	}
	k.n = uint8(copy(k.text[:], id))
	return k
}

// of returns the id of the session's held connect, nil if it has none.
func (l longIDs) of(slot uint32, k *heldID) []byte {
	switch k.n {
	case 0:
		return nil
	case isLong:
		return []byte(l[slot])
	}
	return k.text[:k.n]
}

// forget lets go of the id.
func (l longIDs) forget(slot uint32, k *heldID) {
	if k.n == isLong {
		delete(l, slot)
	}
	*k = heldID{}
}

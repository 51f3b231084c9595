package channel

// Map finds what belongs to the patterns that match a name: it costs by the segments
// of the name, whatever the number of patterns. The zero value is empty.
type Map[V any] struct {
	values map[string]V
	key    []byte // scratch
}

// Set puts v under pattern, which is canonical and valid.
func (m *Map[V]) Set(pattern string, v V) {
	if m.values == nil {
		m.values = make(map[string]V)
	}
	m.values[pattern] = v
}

// Get returns what is under exactly this pattern.
func (m *Map[V]) Get(pattern []byte) (v V, known bool) {
	v, known = m.values[string(pattern)]
	return v, known
}

// Delete takes out what is under exactly this pattern.
func (m *Map[V]) Delete(pattern []byte) { delete(m.values, string(pattern)) }

// Len is the number of patterns.
func (m *Map[V]) Len() int { return len(m.values) }

// Each visits what is under the patterns that match name, until visit returns false.
// It matches as Matches does.
func (m *Map[V]) Each(name []byte, visit func(V) bool) {
	if len(m.values) == 0 || !m.visit(name, visit) {
		return
	}
	w := WildcardsOf(name)
	for more := true; more; { // name itself, spelled like a wildcard, was visited
		if m.key, more = w.Append(m.key[:0]); more && string(m.key) != string(name) && !m.visit(m.key, visit) {
			return
		}
	}
}

func (m *Map[V]) visit(pattern []byte, visit func(V) bool) bool {
	v, known := m.values[string(pattern)]
	return !known || visit(v)
}

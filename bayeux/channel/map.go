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
	last := true
	for end := len(name) - 1; end >= 0; end-- {
		if name[end] != '/' {
			continue
		}
		if last && !m.below(name, end, wildSuffix, visit) || !m.below(name, end, deepSuffix, visit) {
			return
		}
		last = false
	}
}

// below visits what is under the pattern of name's first bytes and a wildcard, unless
// that is name.
func (m *Map[V]) below(name []byte, end int, wildcard []byte, visit func(V) bool) bool {
	m.key = append(append(m.key[:0], name[:end]...), wildcard...)
	return string(m.key) == string(name) || m.visit(m.key, visit)
}

func (m *Map[V]) visit(pattern []byte, visit func(V) bool) bool {
	v, known := m.values[string(pattern)]
	return !known || visit(v)
}

package bayeux

import (
	"maps"
	"slices"
	"strconv"
)

// maxCursorsShown bounds what is told of a map of cursors.
const maxCursorsShown = 8

// String shows the map as Java does.
func (c cursors) String() string {
	names := slices.Sorted(maps.Keys(c.by))
	text := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			text = append(text, ", "...)
		}
		if i == maxCursorsShown {
			text = append(text, "…"...)
			break
		}
		text = strconv.AppendInt(append(append(text, name...), '='), c.by[name], 10)
	}
	return string(append(text, '}'))
}

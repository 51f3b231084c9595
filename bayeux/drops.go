package bayeux

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"halley/bayeux/message"
)

// maxDropChannels bounds how many channels one session's losses are told by
// name; more are told together under "*".
const maxDropChannels = 64

// drop counts an event of a channel that a session lost because its queue was full.
func (s *Server) drop(slot uint32, channel string) {
	s.stats.QueueDropped++
	counts := s.drops[slot]
	if counts == nil {
		counts = make(map[string]uint64)
		s.drops[slot] = counts
	}
	if _, known := counts[channel]; !known {
		channel = strings.Clone(channel) // the event itself shall not be kept
		if len(counts) >= maxDropChannels {
			channel = "*"
		}
	}
	counts[channel]++
}

// appendDrops appends the extension dropped, what the session lost by channel
// since it was last told.
func (s *Server) appendDrops(e *ext, slot uint32) {
	counts := s.drops[slot]
	if counts == nil {
		return
	}
	delete(s.drops, slot)
	e.add("dropped")
	sep, dst := "{", e.dst
	for _, channel := range slices.Sorted(maps.Keys(counts)) {
		dst = append(dst, sep...)
		dst = append(message.AppendString(dst, []byte(channel)), ':')
		dst = strconv.AppendUint(dst, counts[channel], 10)
		sep = ","
	}
	e.dst = append(dst, '}')
}

package history

import (
	"cmp"
	"slices"
)

// log has entries by number, in blocks: so one that goes from the middle costs as
// little as one that comes, and no list holds places of what is gone.
type log struct {
	blocks [][]ref // none is empty
	count  int
}

type ref struct {
	id    int64
	entry *Entry
}

// blockSize is how many entries a block has at most. Neighbours that have half as
// many together become one.
const blockSize = 256

// shortBlock is up to how many entries are moved for the first one that goes. Else the room before the second is lost, and a block of
// few entries, as snapshots have them, would soon have to grow again.
const shortBlock = 32

func byID(r ref, id int64) int { return cmp.Compare(r.id, id) }

// add puts e in its place, which is nearly always the end.
func (l *log) add(e *Entry) {
	l.count++
	if len(l.blocks) == 0 {
		l.blocks = append(l.blocks, []ref{{e.ID, e}})
		return
	}
	b := max(0, l.block(e.ID))
	refs := l.blocks[b]
	i, _ := slices.BinarySearchFunc(refs, e.ID, byID)
	switch {
	case len(refs) < blockSize:
		l.blocks[b] = slices.Insert(refs, i, ref{e.ID, e})
	case i == len(refs):
		l.blocks = slices.Insert(l.blocks, b+1, []ref{{e.ID, e}})
	default:
		half := slices.Clone(refs[blockSize/2:])
		clear(refs[blockSize/2:])
		l.blocks[b] = refs[:blockSize/2]
		l.blocks = slices.Insert(l.blocks, b+1, half)
		l.count--
		l.add(e)
	}
}

// block is the one that has the number id, or would: the last that does not begin
// above it; -1 if all do.
func (l *log) block(id int64) int {
	if n := len(l.blocks); n > 0 && l.blocks[n-1][0].id <= id {
		return n - 1
	}
	b, found := slices.BinarySearchFunc(l.blocks, id, func(refs []ref, id int64) int { return byID(refs[0], id) })
	if found {
		return b
	}
	return b - 1
}

// remove takes the entry with the number id out, if it is there.
func (l *log) remove(id int64) {
	b := l.block(id)
	if b < 0 {
		return
	}
	refs := l.blocks[b]
	i, found := slices.BinarySearchFunc(refs, id, byID)
	if !found {
		return
	}
	l.count--
	if i == 0 && len(refs) > shortBlock {
		refs[0] = ref{}
		refs = refs[1:]
	} else {
		refs = slices.Delete(refs, i, i+1)
	}
	l.blocks[b] = refs
	l.join(b)
}

// join joins block b, which has become shorter, to the one before it if they are
// short together.
func (l *log) join(b int) {
	refs := l.blocks[b]
	switch {
	case len(refs) == 0:
	case b > 0 && len(refs)+len(l.blocks[b-1]) <= blockSize/2:
		l.blocks[b-1] = append(l.blocks[b-1], refs...)
	default:
		return
	}
	l.blocks = slices.Delete(l.blocks, b, b+1)
}

// first is the entry with the least number, nil if there is none.
func (l *log) first() *Entry {
	if l.count == 0 {
		return nil
	}
	return l.blocks[0][0].entry
}

// latest is the entry with the greatest number, nil if there is none.
func (l *log) latest() *Entry {
	if l.count == 0 {
		return nil
	}
	refs := l.blocks[len(l.blocks)-1]
	return refs[len(refs)-1].entry
}

// place is where an entry of a log stands. It is good until the log changes.
type place struct {
	log       *log
	block, at int
}

// after is the place of the first entry with a number above id.
func (l *log) after(id int64) place {
	b := l.block(id)
	if b < 0 {
		return place{log: l}
	}
	i, found := slices.BinarySearchFunc(l.blocks[b], id, byID)
	if found {
		i++
	}
	return place{l, b, i}.settled()
}

// settled is p, at the head of the next block where its own ends.
func (p place) settled() place {
	if p.block < len(p.log.blocks) && p.at == len(p.log.blocks[p.block]) {
		return place{p.log, p.block + 1, 0}
	}
	return p
}

// ref is what stands at p; false is the end.
func (p place) ref() (ref, bool) {
	if p.block >= len(p.log.blocks) {
		return ref{}, false
	}
	return p.log.blocks[p.block][p.at], true
}

func (p place) next() place { return place{p.log, p.block, p.at + 1}.settled() }

// before is the place in front of p; false if there is none.
func (p place) before() (place, bool) {
	switch {
	case p.at > 0:
		return place{p.log, p.block, p.at - 1}, true
	case p.block > 0:
		return place{p.log, p.block - 1, len(p.log.blocks[p.block-1]) - 1}, true
	}
	return p, false
}

package slab

// Names holds records of type T by name. A name has a number, from 1 on, and a record as
// long as it is used: Use counts a use, and Drop takes one back. Names that come and go
// all the time cost no memory each time, since some are remembered that nobody uses. The
// zero value is empty and ready.
type Names[T any] struct {
	ids  map[string]uint32
	list List[named[T]]
	idle int // names that nobody uses
}

// maxIdle is how many names are remembered that nobody uses, beside as many as are used.
const maxIdle = 64

type named[T any] struct {
	name  string
	uses  int
	value T
}

// Find returns the number of a name, 0 if it is not used.
func (n *Names[T]) Find(name []byte) uint32 {
	if id := n.ids[string(name)]; id != 0 && n.list.At(id).uses > 0 {
		return id
	}
	return 0
}

// Use counts a use of a name and returns its number.
func (n *Names[T]) Use(name []byte) uint32 {
	id := n.ids[string(name)]
	if id == 0 {
		id = n.add(string(name))
	}
	r := n.list.At(id)
	if r.uses++; r.uses == 1 {
		n.idle--
	}
	return id
}

func (n *Names[T]) add(name string) uint32 {
	if n.ids == nil {
		n.ids = make(map[string]uint32)
		n.list.Take(named[T]{}) // 0, which no name has
	}
	id := n.list.Take(named[T]{name: name})
	n.ids[name] = id
	n.idle++
	return id
}

// Keep counts one more use of a name by its number.
func (n *Names[T]) Keep(id uint32) { n.list.At(id).uses++ }

// Drop takes a use back. With the last one the record and the number are gone.
func (n *Names[T]) Drop(id uint32) {
	r := n.list.At(id)
	if r.uses--; r.uses > 0 {
		return
	}
	var blank T
	r.value = blank
	if n.idle++; n.idle > maxIdle+n.Len() {
		n.forget()
	}
}

// forget forgets all names that nobody uses.
func (n *Names[T]) forget() {
	for name, id := range n.ids {
		if n.list.At(id).uses == 0 {
			delete(n.ids, name)
			n.list.Release(id)
		}
	}
	n.idle = 0
}

// At returns the record of a number. The pointer is valid until the next Use.
func (n *Names[T]) At(id uint32) *T { return &n.list.At(id).value }

// Name returns the name of a number.
func (n *Names[T]) Name(id uint32) string { return n.list.At(id).name }

// Len is the number of names that are used.
func (n *Names[T]) Len() int { return len(n.ids) - n.idle }

// Each calls visit with all names that are used, in no promised order.
func (n *Names[T]) Each(visit func(id uint32, value *T)) {
	for _, id := range n.ids {
		if r := n.list.At(id); r.uses > 0 {
			visit(id, &r.value)
		}
	}
}

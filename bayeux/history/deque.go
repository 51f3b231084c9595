package history

// deque is a slice that is cheap to shorten at the front: what is dropped there
// goes when it is as much as the rest.
type deque[T any] struct {
	items []T
	head  int
}

func (d *deque[T]) len() int    { return len(d.items) - d.head }
func (d *deque[T]) live() []T   { return d.items[d.head:] }
func (d *deque[T]) at(i int) *T { return &d.items[d.head+i] }
func (d *deque[T]) push(item T) { d.items = append(d.items, item) }

// drop removes the n first items.
func (d *deque[T]) drop(n int) {
	clear(d.items[d.head : d.head+n])
	d.head += n
	if d.head >= 32 && d.head >= d.len() {
		rest := copy(d.items, d.live())
		clear(d.items[rest:])
		d.items, d.head = d.items[:rest], 0
	}
}

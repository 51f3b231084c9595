// Proved by TestRing, and by the tests of the tables with open addresses: TestTableBehavesAsItsModel, TestPlacesAgainstMap and TestInterestModel.

package slab

// Ring is the number of slots of a table with open addresses. The first slot follows the last one.
type Ring int

// After is the slot that follows another.
func (r Ring) After(slot int) int {
	if slot++; slot == int(r) {
		return 0
	}
	return slot
}

// Way is how many slots to is behind from.
func (r Ring) Way(from, to int) int {
	if to < from {
		to += int(r)
	}
	return to - from
}

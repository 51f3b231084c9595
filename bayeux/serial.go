package bayeux

// serial is the number by which a message's id tells when it was sent: clients count, CometD's and halley's in decimal digits, Faye's
// to the base of 36. The specification asks for ids that differ, so that nothing but a hint may go by it. 0 tells nothing.
type serial uint32

// before tells whether a message with the serial n was sent before one with another.
func (n serial) before(another serial) bool { return n != 0 && n < another }

// serialDigits is how many digits to the base of 36 fit. Longer ids are not counted ones.
const serialDigits = 6

// serialOf is the serial of an id as it stands in JSON, a number or a string. Read to the base of 36, decimal numbers have their order.
func serialOf(id []byte) (n serial) {
	if len(id) > 2 && id[0] == '"' {
		id = id[1 : len(id)-1]
	}
	if len(id) > serialDigits {
		return 0
	}
	for _, c := range id {
		switch {
		case '0' <= c && c <= '9':
			n = n*36 + serial(c-'0')
		case 'a' <= c && c <= 'z':
			n = n*36 + serial(c-'a') + 10
		default:
			return 0
		}
	}
	return n
}

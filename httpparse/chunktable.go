package httpparse

// chunkState is where in the framing of a chunked body the next byte lies.
type chunkState uint8

const (
	chunkSize         chunkState = iota // the first digit of a size
	chunkDigits                         // after a digit
	chunkSizeBlank                      // after white space behind the size: only ";" may come
	chunkName                           // before the name of an extension
	chunkNameIn                         // in it
	chunkNameBlank                      // after white space behind it: "=" or ";"
	chunkValue                          // before the value of an extension
	chunkToken                          // in a value that is a token
	chunkQuoted                         // in a quoted string
	chunkEscape                         // after a backslash in one
	chunkQuotedEnd                      // after the closing quote
	chunkValueBlank                     // after white space behind a value: only ";" may come
	chunkSizeLF                         // after the CR of the chunk's line
	chunkData                           // in the data; never asks the table
	chunkDataEnd                        // before the CR behind the data
	chunkDataLF                         // after it
	chunkTrailer                        // at the start of a trailer field or of the last line
	chunkTrailerName                    // in the name of a trailer field
	chunkTrailerValue                   // in its value
	chunkTrailerLF                      // after the CR behind it
	chunkEndLF                          // after the CR of the last line
	chunkDone                           // the body has ended
	chunkRefused
	chunkStates = iota
)

// The classes of bytes that make a difference to the framing.
const (
	byteControl = iota
	byteHex     // a tchar that is a hexadecimal digit
	byteToken   // any other tchar
	byteCR
	byteLF
	byteBlank
	byteSemicolon
	byteEquals
	byteQuote
	byteBackslash
	byteColon
	byteOther // visible or beyond ASCII
	byteClasses
)

var chunkClasses = func() (t [256]uint8) {
	special := map[byte]uint8{'\r': byteCR, '\n': byteLF, ' ': byteBlank, '\t': byteBlank, ';': byteSemicolon,
		'=': byteEquals, '"': byteQuote, '\\': byteBackslash, ':': byteColon}
	for i := range t {
		class, ok := special[byte(i)]
		switch {
		case ok:
			t[i] = class
		case classes[i]&classHex != 0:
			t[i] = byteHex
		case classes[i]&classToken != 0:
			t[i] = byteToken
		case i > ' ' && i != 0x7f:
			t[i] = byteOther
		}
	}
	return t
}()

// chunkNext is the grammar of RFC 9112, 7.1: the state after a byte of each class. What is not in the
// list below is refused.
var chunkNext = func() (t [chunkStates][byteClasses]chunkState) {
	for s := range t {
		for class := range t[s] {
			t[s][class] = chunkRefused
		}
	}
	on := func(from, to chunkState, classes ...int) {
		for _, class := range classes {
			t[from][class] = to
		}
	}
	on(chunkSize, chunkDigits, byteHex)
	on(chunkDigits, chunkDigits, byteHex)
	on(chunkSizeLF, chunkData, byteLF)
	on(chunkDataEnd, chunkDataLF, byteCR)
	on(chunkDataLF, chunkSize, byteLF)

	// chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS value ] ), value = token / quoted-string
	for _, s := range []chunkState{chunkDigits, chunkNameIn, chunkToken, chunkQuotedEnd} {
		on(s, chunkSizeLF, byteCR)
	}
	for _, s := range []chunkState{chunkDigits, chunkSizeBlank, chunkNameIn, chunkNameBlank, chunkToken, chunkQuotedEnd, chunkValueBlank} {
		on(s, chunkName, byteSemicolon)
	}
	on(chunkDigits, chunkSizeBlank, byteBlank)
	on(chunkSizeBlank, chunkSizeBlank, byteBlank)
	on(chunkName, chunkName, byteBlank)
	on(chunkName, chunkNameIn, byteHex, byteToken)
	on(chunkNameIn, chunkNameIn, byteHex, byteToken)
	on(chunkNameIn, chunkNameBlank, byteBlank)
	on(chunkNameBlank, chunkNameBlank, byteBlank)
	on(chunkNameIn, chunkValue, byteEquals)
	on(chunkNameBlank, chunkValue, byteEquals)
	on(chunkValue, chunkValue, byteBlank)
	on(chunkValue, chunkToken, byteHex, byteToken)
	on(chunkValue, chunkQuoted, byteQuote)
	on(chunkToken, chunkToken, byteHex, byteToken)
	on(chunkQuoted, chunkQuoted, byteHex, byteToken, byteBlank, byteSemicolon, byteEquals, byteColon, byteOther)
	on(chunkQuoted, chunkEscape, byteBackslash)
	on(chunkQuoted, chunkQuotedEnd, byteQuote)
	on(chunkEscape, chunkQuoted, byteHex, byteToken, byteBlank, byteSemicolon, byteEquals, byteQuote, byteBackslash, byteColon, byteOther)
	on(chunkToken, chunkValueBlank, byteBlank)
	on(chunkQuotedEnd, chunkValueBlank, byteBlank)
	on(chunkValueBlank, chunkValueBlank, byteBlank)

	// trailer-section = *( field-line CRLF )
	on(chunkTrailer, chunkEndLF, byteCR)
	on(chunkTrailer, chunkTrailerName, byteHex, byteToken)
	on(chunkTrailerName, chunkTrailerName, byteHex, byteToken)
	on(chunkTrailerName, chunkTrailerValue, byteColon)
	on(chunkTrailerValue, chunkTrailerValue, byteHex, byteToken, byteBlank, byteSemicolon, byteEquals, byteQuote, byteBackslash, byteColon, byteOther)
	on(chunkTrailerValue, chunkTrailerLF, byteCR)
	on(chunkTrailerLF, chunkTrailer, byteLF)
	on(chunkEndLF, chunkDone, byteLF)
	return t
}()

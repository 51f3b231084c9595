// Proved by TestWorkIsLinear, TestLimits and TestLineEndings.

package httpparse

import "bytes"

// findEnd looks in the bytes of b from prev on for the end of the head and returns its length, or 0.
// It finds on the way what a part of a head already shows to be at fault: bytes that no head has, a
// request line that is wrong once it is complete, and a size beyond the limits.
//
// It is the slow half of Parse, for heads that come in pieces or are at fault. It looks back from prev
// over an unfinished line end, and from the first line end that it finds to the start of that line; so its
// work is linear.
func (l *Limits) findEnd(b []byte, prev int) (int, Error) {
	most := l.maxHeader()
	lineMost := min(l.maxTarget()+lineOverhead, most)
	if prev < lineMost {
		end, fault := l.scan(b[:min(len(b), lineMost)], prev)
		if end > 0 || fault.Kind != 0 || len(b) < lineMost {
			return end, fault
		}
		if start := leadingLines(b); bytes.IndexByte(b[start:lineMost], '\n') < 0 {
			return 0, Error{KindTargetTooLong, lineMost}
		}
		prev = lineMost
	}
	end, fault := l.scan(b[:min(len(b), most)], prev)
	if end == 0 && fault.Kind == 0 && len(b) >= most {
		return 0, Error{KindHeaderTooLarge, most}
	}
	return end, fault
}

// scan is findEnd without the limits.
func (l *Limits) scan(b []byte, prev int) (int, Error) {
	start := leadingLines(b)
	i := max(start, resumeAt(b, prev))
	pastFirst := false
	for {
		i = skipText(b, i)
		ok, fault := lineEnds(b, i)
		if !ok {
			return 0, fault
		}
		if !pastFirst && i+1 >= prev {
			if fault := l.checkFirstLine(b[:i+2], start); fault.Kind != 0 {
				return 0, fault
			}
			pastFirst = true
		}
		i += 2
		if i == len(b) {
			return 0, Error{}
		}
		if isBlank(b[i]) {
			return 0, Error{KindFold, i}
		}
		if b[i] == '\r' {
			ok, fault := lineEnds(b, i)
			if !ok {
				return 0, fault
			}
			return i + 2, Error{}
		}
	}
}

// resumeAt steps back from prev over a line end that may go on after it: CR, CRLF or CRLF CR.
func resumeAt(b []byte, prev int) int {
	i := prev
	for i > 0 && i > prev-3 && (b[i-1] == '\r' || b[i-1] == '\n') {
		i--
	}
	return i
}

// lineEnds reports whether CRLF is at i, where text ends. It is no fault if b ends first.
func lineEnds(b []byte, i int) (bool, Error) {
	switch {
	case i == len(b):
		return false, Error{}
	case b[i] == '\n':
		return false, Error{KindBareLF, i}
	case b[i] != '\r':
		return false, Error{KindControl, i}
	case i+1 == len(b):
		return false, Error{}
	case b[i+1] != '\n':
		return false, Error{KindBareCR, i}
	}
	return true, Error{}
}

// checkFirstLine reads the line that b ends with if it is the request line, which begins at start.
func (l *Limits) checkFirstLine(b []byte, start int) Error {
	if bytes.LastIndexByte(b[start:len(b)-1], '\n') >= 0 {
		return Error{}
	}
	var r Request
	n, fault := l.parseRequestLine(&r, b, start)
	if n == 0 && fault.Kind == 0 {
		return Error{KindVersion, len(b) - 2} // the line ends before a version could
	}
	return fault
}

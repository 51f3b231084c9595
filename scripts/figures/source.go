// Proved by TestListsThatCannotBe and TestMeasured.

package main

import (
	"fmt"
	"strings"
)

// source says where in the folder of a run a figure is:
//
//	RECORD > GROUP > NAME             a figure of a record of halley-bench, RECORD.json, and of its further rounds, RECORD.2.json …
//	RECORD / RECORD > GROUP > NAME    the ratio of two records of the same round
//	samples > NAME                    lines "NAME VALUE" of the files samples-STEP, one for each round
type source struct {
	record, to  string
	group, name string
}

// fromSamples is the record of what steps without records have measured.
const fromSamples = "samples"

func parseSource(text string) (s source, err error) {
	parts := strings.Split(text, " > ")
	switch {
	case len(parts) == 2 && parts[0] == fromSamples:
		return source{record: fromSamples, name: parts[1]}, nil
	case len(parts) == 3:
		s = source{group: parts[1], name: parts[2]}
		s.record, s.to, _ = strings.Cut(parts[0], " / ")
		return s, nil
	}
	return s, fmt.Errorf("%q is no place in the folder of a run", text)
}

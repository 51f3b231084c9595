// Package bench has the list of what was measured of halley and its yardsticks. What it is told by is below it.
package bench

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
)

//go:embed figures.csv
var list string

// Figure is the median of a figure in the list, in the unit that it has there.
func Figure(name string) (float64, error) {
	rows, err := csv.NewReader(strings.NewReader(list)).ReadAll()
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		if row[0] == name {
			return strconv.ParseFloat(row[4], 64)
		}
	}
	return 0, fmt.Errorf("no figure %s in the list of what was measured", name)
}

package citations

import (
	"fmt"
	"io"
	"strings"
)

// write writes the requirements, each with the places that enforce it or the reason why it is left out.
func write(out io.Writer, list []Requirement, c Citations) {
	before := ""
	for _, r := range list {
		if r.Spec != before {
			fmt.Fprintf(out, "\n%s\n", r.Spec)
			before = r.Spec
		}
		fmt.Fprintf(out, "  %-8s %-10s %-22s ", r.Section, r.Level, r.Name)
		if r.LeftOut != "" {
			fmt.Fprintf(out, "left out: %s\n", r.LeftOut)
			continue
		}
		var places []string
		for _, place := range c.Places[r.String()] {
			places = append(places, place.String())
		}
		fmt.Fprintf(out, "%s\n  %44s%s\n", r.Text, "", strings.Join(places, ", "))
	}
}

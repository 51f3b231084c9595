package loop

import "testing"

// A date is made anew when its second has passed.
func TestHTTPDate(t *testing.T) {
	var d httpDate
	for second, want := range map[int64]string{784111777: "Sun, 06 Nov 1994 08:49:37 GMT", 784111778: "Sun, 06 Nov 1994 08:49:38 GMT"} {
		for range 2 {
			equal(t, string(d.at(second)), want)
		}
	}
}

package cost

import "math"

// Sum is the state of several processes together, at the moment of the last sample. What is of the whole host counts once.
func Sum(samples []Sample) (sum Sample) {
	for _, s := range samples {
		sum.User += s.User
		sum.System += s.System
		sum.Exec += s.Exec
		sum.RSS += s.RSS
		sum.PSS += s.PSS
		sum.Files += s.Files
		sum.Threads += s.Threads
		sum.At, sum.Slab, sum.TCP, sum.Sockets, sum.Held = s.At, s.Slab, s.TCP, s.Sockets, s.Held
	}
	return sum
}

// Slope is the growth of y per unit of x by least squares, 0 when x does not vary.
func Slope(x, y []float64) float64 {
	n := float64(len(x))
	var sx, sy, sxx, sxy float64
	for i := range x {
		sx += x[i]
		sy += y[i]
		sxx += x[i] * x[i]
		sxy += x[i] * y[i]
	}
	d := n*sxx - sx*sx
	if d == 0 {
		return 0
	}
	return (n*sxy - sx*sy) / d
}

// blocks are the parts of a long run whose means Trend goes by: neighbouring samples say the same, and would make the error look
// smaller than it is.
const blocks = 20

// Trend is the growth of y per unit of x, and its standard error. It is by the means of equal numbers of neighbouring samples; with
// too few samples for that there is none.
func Trend(x, y []float64) (slope, deviation float64, ok bool) {
	each := len(x) / blocks
	if each == 0 {
		return 0, 0, false
	}
	var bx, by []float64
	for i := range blocks {
		bx, by = append(bx, mean(x[i*each:(i+1)*each])), append(by, mean(y[i*each:(i+1)*each]))
	}
	slope = Slope(bx, by)
	mx, my := mean(bx), mean(by)
	var left, wide float64
	for i := range bx {
		off := by[i] - my - slope*(bx[i]-mx)
		left += off * off
		wide += (bx[i] - mx) * (bx[i] - mx)
	}
	if wide == 0 {
		return 0, 0, false
	}
	return slope, math.Sqrt(left / (blocks - 2) / wide), true
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// PerSubscriber is the slope of one figure of the samples against held subscribers.
func PerSubscriber(samples []Sample, figure func(Sample) int64) float64 {
	x, y := make([]float64, len(samples)), make([]float64, len(samples))
	for i, s := range samples {
		x[i], y[i] = float64(s.Held), float64(figure(s))
	}
	return Slope(x, y)
}

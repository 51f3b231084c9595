package bayeux

// browserPolls counts held polls by browser, for all loops together. A session keeps its
// poll's place in the count until its next poll, so that the count, which all loops share,
// is touched only where something changes.
type browserPolls struct {
	browsers Browsers // nil counts none
	most     int      // held polls of one browser; 0 sets no limit
}

// take counts a poll of a session that is about to be held for its browser, unless that
// has enough of them.
func (p *browserPolls) take(r *session, browser uint64) bool {
	if browser == 0 {
		browser = r.named
	}
	if browser == 0 || p.most <= 0 || p.browsers == nil || r.browser == browser {
		return true
	}
	p.giveUp(r)
	if p.browsers.Hold(browser) <= p.most {
		r.browser = browser
		return true
	}
	p.browsers.Release(browser)
	return false
}

// giveUp takes the session's poll off its browser's count.
func (p *browserPolls) giveUp(r *session) {
	if r.browser != 0 {
		p.browsers.Release(r.browser)
		r.browser = 0
	}
}

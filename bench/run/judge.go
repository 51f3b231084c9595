package run

import (
	"fmt"
	"strings"

	"halley/bench/client"
)

// expected is how many deliveries the messages published so far must lead to.
func (s *session) expected(p client.Progress) (n int64) {
	l := p.Ledger()
	for k := range p.Sent {
		n += l.Published(k).Count() * int64(s.layout.symbols.Followers(k, s.held))
	}
	return n
}

// balance collects the results, closes the books and says why the run failed, if it did.
func (s *session) balance() error {
	total := s.pool.total()
	s.record.Expected = s.expected(total)
	result, err := s.pool.results(total.Ledger(), total.Delivered < s.record.Expected)
	if err != nil {
		return err
	}
	s.record.Result = result
	unequal := result.Counts.Check(s.record.Expected)
	faults := append(s.unpublished(result.Progress, unequal != nil), s.unchurned(result.Progress)...)
	if unequal != nil {
		faults = append(faults, unequal.Error())
	}
	s.record.Fault = strings.Join(faults, "; ")
	return nil
}

// unpublished says which messages did not get into the server. Those without an answer
// count if something is missing that they may explain.
func (s *session) unpublished(p client.Progress, missing bool) (faults []string) {
	var sent int64
	for _, n := range p.Sent {
		sent += int64(n)
	}
	unanswered := p.Unknown + sent - p.Published
	to := "the server"
	if len(s.options.PublishURLs) > 0 {
		to = strings.Join(s.options.PublishURLs, " and ")
	}
	if sent < p.Planned {
		faults = append(faults, fmt.Sprintf("only %d of %d messages could be sent to %s", sent, p.Planned, to))
	}
	if p.Refused > 0 {
		faults = append(faults, fmt.Sprintf("%d publishes were refused by %s", p.Refused, to))
	}
	if missing && unanswered > 0 {
		faults = append(faults, fmt.Sprintf("%d publishes were not answered by %s", unanswered, to))
	}
	if len(faults) > 0 {
		faults[len(faults)-1] += " (first fault: " + firstFault(p) + ")"
	}
	return faults
}

// unchurned says which cycles of churning clients came to nothing. One that the end of the
// run cuts off has not failed, but some must have been completed.
func (s *session) unchurned(p client.Progress) []string {
	planned := int64(0)
	if s.options.Scenario == "churn" {
		planned = int64(s.options.Messages)
	}
	switch {
	case s.options.Churners == 0:
		return nil
	case p.ChurnFailed > 0:
		return []string{fmt.Sprintf("%d of %d churn cycles failed (first fault: %s)", p.ChurnFailed, p.ChurnFailed+p.Churned, firstFault(p))}
	case p.Churned == 0 || p.Churned < planned:
		return []string{fmt.Sprintf("only %d churn cycles were completed (first fault: %s)", p.Churned, firstFault(p))}
	}
	return nil
}

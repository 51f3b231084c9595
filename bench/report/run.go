// Proved by TestSaveAndLoad and TestLoadRefuses.

// Package report turns what a run has measured into figures, and shows them: as a
// table, as JSON, as one page of HTML and as ratios between runs. A run is recorded
// once and can be reported as often as one likes.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"halley/bench/client"
	"halley/bench/cost"
)

// Run is everything that one run has recorded.
type Run struct {
	Scenario string         `json:"scenario"`
	Label    string         `json:"label"` // what was measured, in the user's words
	Started  time.Time      `json:"started"`
	Machine  Machine        `json:"machine"`
	Commit   string         `json:"commit"`
	Flags    []string       `json:"flags"`
	Plan     Plan           `json:"plan"`
	URLs     []string       `json:"urls,omitempty"` // of the nodes
	Expected int64          `json:"expected"`       // deliveries that should have happened: sum of published x followers
	Fault    string         `json:"fault"`          // why the run failed; empty when the books balance
	Result   *client.Result `json:"result"`
	Phases   []Phase        `json:"phases"`
	Samples  []cost.Sample  `json:"samples"`
	Steps    []cost.Sample  `json:"steps"` // the state after each plateau of held subscribers
	Warnings []string       `json:"warnings"`
}

// Plan is what was asked of the run.
type Plan struct {
	Subscribers    int     `json:"subscribers"`
	Connections    int     `json:"connectionsPerSubscriber"`
	ConnectionType string  `json:"connectionType"`
	Symbols        int     `json:"symbols"`
	Follow         int     `json:"follow"`
	Slow           int     `json:"slow,omitempty"`    // of the subscribers
	Stalled        int     `json:"stalled,omitempty"` // beside them
	Asked          string  `json:"asked,omitempty"`   // for beside every message at once, in words
	Messages       int     `json:"messages"`
	Rate           float64 `json:"rate"`
	Size           int     `json:"size"`
	Processes      int     `json:"processes"`
	Nodes          int     `json:"nodes,omitempty"` // that clients came to
}

// Phase is a stretch of a run, with the state at both of its ends.
type Phase struct {
	Name         string          `json:"name"`
	From         int64           `json:"from"` // nanoseconds since the run's start
	To           int64           `json:"to"`
	Before       client.Progress `json:"before"`
	After        client.Progress `json:"after"`
	ServerBefore *cost.Sample    `json:"serverBefore,omitempty"`
	ServerAfter  *cost.Sample    `json:"serverAfter,omitempty"`
	NodesBefore  []cost.Sample   `json:"nodesBefore,omitempty"` // of each server, where several are watched
	NodesAfter   []cost.Sample   `json:"nodesAfter,omitempty"`
}

// The names of phases that figures are derived from.
const (
	PhaseRamp    = "ramp"
	PhaseHold    = "hold"
	PhasePublish = "publish"
	PhaseChurn   = "churn"
	PhaseLeave   = "leave"
)

func (r *Run) phase(name string) *Phase {
	for i := len(r.Phases) - 1; i >= 0; i-- {
		if r.Phases[i].Name == name {
			return &r.Phases[i]
		}
	}
	return nil
}

// Seconds is the length of the phase.
func (p *Phase) Seconds() float64 { return float64(p.To-p.From) / 1e9 }

// Save writes the run as JSON.
func (r *Run) Save(path string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("save run: %w", err)
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// Load reads what Save wrote.
func Load(path string) (*Run, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &Run{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s is not a recorded run: %w", path, err)
	}
	if r.Result == nil || r.Result.Latency == nil {
		return nil, fmt.Errorf("%s is not a recorded run: it has no result", path)
	}
	return r, nil
}

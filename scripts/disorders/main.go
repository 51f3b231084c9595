// Command disorders has a cluster of three nodes serve clients of all kinds while nodes are killed and stopped and what joins
// them is cut, and has a model judge by what publishers were answered and subscribers got.
//
// Clients come by a proxy without stickiness. What goes wrong, where and when, follows from the seed.
//
// Proved by TestTelling.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"halley/scripts/disorders/model"
)

// options are the flags.
type options struct {
	Halley    string        `required:"" help:"The program halley."`
	Nats      string        `help:"The program nats-server: the cluster is an external server, which is restarted, too."`
	Nodes     int           `default:"3" help:"How many there are. One is no cluster, but has a history file."`
	For       time.Duration `default:"30s" help:"How long things go wrong."`
	Seed      uint64        `default:"1" help:"What goes wrong follows from it."`
	Rate      float64       `default:"200" help:"Messages a second in all."`
	Clients   int           `default:"3" help:"Subscribers of each kind."`
	Disorders []string      `default:"kill,stop,cut,nats" enum:"kill,stop,cut,nats" help:"What may go wrong."`
	Pause     time.Duration `default:"3s" help:"Peace between two things that go wrong; at most twice as long."`
	Telling   time.Duration `default:"5s" help:"How late a subscriber may be told of a gap."`
	Recovery  time.Duration `default:"3s" help:"What the clients of a killed node may take until they are served again, at the 99th percentile; 0 judges no time."`
	Outage    time.Duration `default:"0s" help:"What a publish to a channel with a history may take after a kill; 0 judges no time."`
	Keep      string        `help:"Folder for the logs and the list of all faults, in place of one that is removed."`
}

var errFailed = errors.New("the run has faults")

func main() {
	var o options
	kong.Parse(&o, kong.Name("disorders"), kong.Description("A cluster whose nodes and links fail, judged by a model."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "disorders:", err)
		os.Exit(1)
	}
}

func (o *options) run(ctx context.Context, out io.Writer) (err error) {
	dir := o.Keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "disorders"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if there, err := os.ReadDir(dir); err != nil || len(there) > 0 {
		return fmt.Errorf("--keep: %s is not empty: new nodes would go on with what others have stored (%w)", dir, cmp.Or(err, fs.ErrExist))
	}
	w, err := newWorld(ctx, o, dir)
	var told *report
	if err == nil {
		r := &run{options: o, world: w, out: out}
		told, err = r.carry(ctx)
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, "clients.txt"), []byte(r.lines()), 0o644))
	}
	if err = errors.Join(err, w.close()); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "faults.txt"), []byte(strings.Join(told.faults, "\n")), 0o644); err != nil {
		return err
	}
	return o.tell(out, told, w)
}

// shown is how many faults are printed.
const shown = 40

// tell prints what the run came to. The error says that something is not as it should be.
func (o *options) tell(out io.Writer, r *report, w *world) error {
	for n, f := range r.faults {
		if n == shown {
			fmt.Fprintf(out, "… and %d more\n", len(r.faults)-shown)
			break
		}
		fmt.Fprintln(out, f)
	}
	fmt.Fprintf(out, "%d messages acknowledged, %d refused, %d of unknown fate; %d deliveries, %d of which again after a fault; longest publish %v\n", r.published[model.Acknowledged],
		r.published[model.Refused], r.published[model.Unknown], r.delivered, r.repeated, r.longest.Round(time.Millisecond))
	fmt.Fprintf(out, "the proxy: %+v\n", w.proxy.Counts())
	late := time.Duration(0)
	if n := len(r.recovery); n > 0 {
		late = r.recovery[n*99/100]
		fmt.Fprintf(out, "served again after a kill, %d clients: p50 %v, p99 %v, last %v\n", n, r.recovery[n/2].Round(time.Millisecond), late.Round(time.Millisecond), r.recovery[n-1].Round(time.Millisecond))
	}
	if r.outage > 0 {
		fmt.Fprintf(out, "longest publish to a channel with a history after a kill: %v\n", r.outage.Round(time.Millisecond))
	}
	fmt.Fprintf(out, "seed %d: %d faults\n", o.Seed, len(r.faults))
	if len(r.faults) > 0 {
		return errFailed
	}
	if o.Recovery > 0 && late > o.Recovery {
		return fmt.Errorf("clients of a killed node were served again after %v at the 99th percentile, not %v", late, o.Recovery)
	}
	if o.Outage > 0 && r.outage > o.Outage {
		return fmt.Errorf("a publish to a channel with a history took %v after a kill, not %v", r.outage, o.Outage)
	}
	return nil
}

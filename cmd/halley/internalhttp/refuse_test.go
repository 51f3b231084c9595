package internalhttp

import (
	"errors"
	"fmt"
	"testing"

	"github.com/valyala/fasthttp"

	"halley/loop"
	"halley/loop/sequence"
)

// Why a publish did not happen decides whether its publisher may repeat it as it is.
func TestRefuse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want int
	}{
		{itemError{3, "no"}, 400},
		{loop.ErrTooLarge, 413},
		{fmt.Errorf("%w: %w", loop.ErrHistory, fmt.Errorf("%w: too many", sequence.ErrTooLarge)), 413},
		{fmt.Errorf("%w: %w", loop.ErrHistory, loop.ErrBusy), 503},
		{loop.ErrClosed, 503},
		{fmt.Errorf("%w: %w", loop.ErrHistory, errors.New("disk")), 500},
	} {
		ctx := new(fasthttp.RequestCtx)
		if refuse(ctx, tt.err); ctx.Response.StatusCode() != tt.want {
			t.Errorf("%v: %d, want %d", tt.err, ctx.Response.StatusCode(), tt.want)
		}
	}
}

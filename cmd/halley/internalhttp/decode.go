package internalhttp

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/valyala/fasthttp"

	"halley/loop"
)

var (
	errEncoding = errors.New("Content-Encoding: want gzip, zstd or none")
	errTooLong  = errors.New("body is longer than --max-publish, or a sixteenth of --max-memory, when decoded")
	errCorrupt  = errors.New("body is not what its Content-Encoding says")
)

// codings are what bodies of /publish may be compressed by.
const codings = "gzip, zstd"

// decoded is raw, the body of a request, as it was before its Content-Encoding. What
// it decodes to is bounded like a body that comes as it is.
func (l *Listener) decoded(ctx *fasthttp.RequestCtx, raw []byte) ([]byte, error) {
	var decoder io.Reader
	var err error
	switch strings.ToLower(strings.TrimSpace(string(ctx.Request.Header.ContentEncoding()))) {
	case "", "identity":
		return raw, nil
	case "gzip", "x-gzip":
		decoder, err = gzip.NewReader(bytes.NewReader(raw))
	case "zstd":
		var z *zstd.Decoder
		// One at a time, and no window beyond what a body may have: the decoder
		// makes room for what a frame claims before it has seen any of it.
		z, err = zstd.NewReader(bytes.NewReader(raw), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(uint64(max(l.options.MaxPublish, zstd.MinWindowSize))))
		if err == nil {
			defer z.Close()
		}
		decoder = z
	default:
		return nil, errEncoding
	}
	if err != nil {
		return nil, errCorrupt
	}
	body, err := io.ReadAll(io.LimitReader(decoder, int64(l.options.MaxPublish)+1))
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded), len(body) > l.options.MaxPublish:
		return nil, errTooLong
	case err != nil:
		return nil, errCorrupt
	}
	return body, nil
}

// refuseBody answers a body that could not be read or decoded.
func refuseBody(ctx *fasthttp.RequestCtx, err error) {
	switch {
	case errors.Is(err, errEncoding):
		ctx.Response.Header.Set("Accept-Encoding", codings) // RFC 9110, 15.5.16
		fail(ctx, fasthttp.StatusUnsupportedMediaType, err.Error())
	case errors.Is(err, errTooLong):
		fail(ctx, fasthttp.StatusRequestEntityTooLarge, err.Error())
	case errors.Is(err, errCorrupt):
		fail(ctx, fasthttp.StatusBadRequest, err.Error())
	case errors.Is(err, errBodies), errors.Is(err, loop.ErrBusy):
		unavailable(ctx, err)
	default:
		ctx.SetConnectionClose()
		badRequest(ctx, err)
	}
}

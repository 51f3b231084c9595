// Proved by TestPublishesAreTraced.

package internalhttp

import (
	"time"

	"github.com/valyala/fasthttp"

	"halley/loop"
)

// messagesOf is under what a publish leaves how many messages it had.
type messagesOf struct{}

// traced has publishes told to those who trace them, as part of the trace that their request belongs to.
func traced(spans *loop.Spans, handle fasthttp.RequestHandler) fasthttp.RequestHandler {
	if spans == nil {
		return handle
	}
	return func(ctx *fasthttp.RequestCtx) {
		began := time.Now()
		handle(ctx)
		messages, _ := ctx.UserValue(messagesOf{}).(int)
		status := ctx.Response.StatusCode()
		spans.Offer(loop.Span{Name: "publish", Client: ctx.RemoteAddr().String(), Parent: string(ctx.Request.Header.Peek("traceparent")),
			Began: began, Took: time.Since(began), Failed: status >= 400, Messages: messages, Status: status})
	}
}

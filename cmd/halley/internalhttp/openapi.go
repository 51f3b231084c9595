// Proved by TestDescriptionIsServed and TestDescriptionHasEachRoute.

package internalhttp

import (
	_ "embed"

	"github.com/valyala/fasthttp"
)

// description is the listener in OpenAPI 3.1, which every request of this package's tests is held against.
//
//go:embed openapi.json
var description []byte

// describe serves the description: it is the same for all servers of this version, and tells nothing of any.
func describe(ctx *fasthttp.RequestCtx) { replyText(ctx, description) }

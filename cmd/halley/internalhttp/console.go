package internalhttp

import (
	"context"
	"io"
	"time"

	"github.com/valyala/fasthttp"

	"halley/loop"
	"halley/loop/access/key"
)

// Console is the operator's page, as package console has it.
type Console interface {
	// Hour is what the page is told first, as JSON.
	Hour() ([]byte, error)
	// Talk answers a batch of Bayeux messages, which may take a while.
	Talk(ctx context.Context, batch []byte) ([]byte, error)
	// MaxBody bounds a batch, in bytes.
	MaxBody() int
}

// desk serves the console.
type desk struct {
	console Console
	pages   func(path string) (loop.Page, bool)
}

// routes are those of the console. What the page is made of is open to all: it tells nothing of the server, and asks for the
// key itself.
func (d desk) routes() []route {
	get := fasthttp.MethodGet
	return []route{
		{method: fasthttp.MethodPost, path: "/console/bayeux", right: key.Console, handle: d.talk},
		{method: get, path: "/console/hour", right: key.Console, handle: d.hour},
		{method: get, path: "/console", open: true, handle: d.page},
		{method: get, path: "/console/", open: true, handle: d.page},
	}
}

// talkTime bounds the answer of a batch: longer than a connect is held.
const talkTime = 30 * time.Second

// talk answers a page's Bayeux messages.
func (d desk) talk(ctx *fasthttp.RequestCtx) {
	var body []byte
	most := d.console.MaxBody()
	if stream := ctx.RequestBodyStream(); stream != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(stream, int64(most)+1)); err != nil {
			ctx.SetConnectionClose()
			badRequest(ctx, err)
			return
		}
	}
	if len(body) > most {
		ctx.SetConnectionClose()
		fail(ctx, fasthttp.StatusRequestEntityTooLarge, "the console takes no long requests")
		return
	}
	wait, cancel := context.WithTimeout(context.Background(), talkTime)
	defer cancel()
	answer, err := d.console.Talk(wait, body)
	if err != nil {
		fail(ctx, fasthttp.StatusBadRequest, err.Error())
		return
	}
	replyText(ctx, answer)
}

// hour tells what the last hour was like.
func (d desk) hour(ctx *fasthttp.RequestCtx) {
	text, err := d.console.Hour()
	if err != nil {
		fail(ctx, fasthttp.StatusInternalServerError, err.Error())
		return
	}
	replyText(ctx, text)
}

// replyText answers with JSON that is written already.
func replyText(ctx *fasthttp.RequestCtx, text []byte) {
	ctx.Response.Header.SetContentType("application/json")
	ctx.Response.Header.Set("Cache-Control", "no-store")
	ctx.Response.SetBody(text)
}

// page serves what the console is made of.
func (d desk) page(ctx *fasthttp.RequestCtx) {
	page, found := d.pages(string(ctx.Path()))
	if !found { // also below /console/, from where the page would not find its parts
		fail(ctx, fasthttp.StatusNotFound, "no such resource")
		return
	}
	servePage(ctx, &page)
}

// pagePolicy lets the page load what is beside it, and talk to nobody but its own listener.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func servePage(ctx *fasthttp.RequestCtx, page *loop.Page) {
	header := &ctx.Response.Header
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Content-Security-Policy", pagePolicy)
	header.SetContentType(page.ContentType)
	header.Set("ETag", page.ETag)
	if string(ctx.Request.Header.Peek("If-None-Match")) == page.ETag {
		ctx.Response.SetStatusCode(fasthttp.StatusNotModified)
		return
	}
	ctx.Response.SetBody(page.Body)
}

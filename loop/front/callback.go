package front

import (
	"halley/bayeux/connectiontype"
	"halley/httpparse"
)

// callback decides on callback-polling, by which a script element of any page would get
// an answer: no browser asks beforehand.
func (f *Front) callback(d *Decision, q *httpparse.Request) {
	d.Endpoint = CallbackPolling
	name, valid := callbackName(q.Query)
	switch {
	case !f.settings.CallbackPolling:
		d.Refusal = refuse(403, "callback-polling is turned off")
	case !f.mayCallBack(q):
		d.notAdmitted()
	case httpparse.Value(q.Query, "message") == nil:
		d.Refusal = refuse(400, "a GET here needs a message parameter")
	case !valid:
		d.Refusal = refuse(400, "the jsonp parameter is not a function's name")
	}
	d.Callback = name
}

// mayCallBack tells whether the page of a script element may use callback-polling: it
// must be one that AllowOrigin admits, or the server's own. The browser tells which page
// it is by Sec-Fetch-Site, Origin or Referer; old ones may tell nothing, nor do programs.
func (f *Front) mayCallBack(q *httpparse.Request) bool {
	page := PageOrigin(q)
	site := string(q.SecFetchSite)
	switch {
	case f.origins.any != 0 || site == "same-origin" || site == "none":
		return true
	case len(page) > 0:
		return sameOrigin(q, page) || f.origins.find(page) != 0
	case site == "" || site == "same-site":
		return f.settings.CallbackUnnamed
	}
	return false
}

// callbackName is the function that the answer calls: the jsonp parameter, else the one
// that the specification names (Bayeux 1.0, 6.2 SHOULD callback).
func callbackName(query []byte) (name string, valid bool) {
	name, valid = connectiontype.DefaultCallback, true
	httpparse.Values(query, "jsonp", func(raw []byte) bool {
		decoded, err := httpparse.AppendUnescaped(nil, raw)
		name, valid = string(decoded), err == nil && connectiontype.ValidCallback(decoded)
		return false
	})
	return name, valid
}

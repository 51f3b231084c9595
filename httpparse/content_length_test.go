package httpparse

import (
	"strings"
	"testing"
)

func TestContentLength(t *testing.T) {
	post := func(lines ...string) string {
		return request("POST / HTTP/1.1", append([]string{"Host: a"}, lines...)...)
	}
	const wrong = "400 content length @26"
	runRows(t, Limits{}, []row{
		{"none", post(), "POST / 1.1 keep host=a"},
		{"zero", post("Content-Length: 0"), "POST / 1.1 length=0 keep host=a"},
		{"with its body", post("Content-Length: 3") + "abc", "POST / 1.1 length=3 keep host=a"},
		{"with half of its body", post("Content-Length: 3") + "ab", "POST / 1.1 length=3 keep host=a | partial"},
		{"in any case", post("cOnTeNt-LeNgTh: 3") + "abc", "POST / 1.1 length=3 keep host=a"},
		{"space and tab around", post("Content-Length:\t 3 \t") + "abc", "POST / 1.1 length=3 keep host=a"},
		{"leading zeros", post("Content-Length: "+strings.Repeat("0", 100)+"3") + "abc", "POST / 1.1 length=3 keep host=a"},
		{"18 digits", post("Content-Length: 999999999999999999"), "POST / 1.1 length=999999999999999999 keep host=a | partial"},
		{"19 digits", post("Content-Length: 1000000000000000000"), wrong},
		{"far too many digits", post("Content-Length: " + strings.Repeat("9", 200)), wrong},
		{"empty", post("Content-Length:"), wrong},
		{"blank", post("Content-Length: \t "), wrong},
		{"plus", post("Content-Length: +3"), wrong},
		{"minus", post("Content-Length: -3"), wrong},
		{"hexadecimal", post("Content-Length: 0x3"), wrong},
		{"underscore", post("Content-Length: 1_0"), wrong},
		{"list of equals", post("Content-Length: 3, 3"), wrong},
		{"list without space", post("Content-Length: 3,3"), wrong},
		{"inner space", post("Content-Length: 1 0"), wrong},
		{"inner tab", post("Content-Length: 1\t0"), wrong},
		{"letter", post("Content-Length: 3a"), wrong},
		{"fraction", post("Content-Length: 3.0"), wrong},
		{"digit of another script", post("Content-Length: \u0663"), wrong},
		{"two equal lines", post("Content-Length: 3", "Content-Length: 3"), "400 content length @45"},
		{"two different lines", post("Content-Length: 3", "X: y", "Content-Length: 4"), "400 content length @51"},
		{"a name that only resembles", post("Content_Length: 3"), "POST / 1.1 keep host=a"},
		{"of a GET", get("Content-Length: 3") + "abc", "GET / 1.1 length=3 keep host=a"},
	})
}

func TestTransferEncoding(t *testing.T) {
	post := func(lines ...string) string {
		return request("POST / HTTP/1.1", append([]string{"Host: a"}, lines...)...)
	}
	const (
		chunked = "POST / 1.1 chunked keep host=a"
		wrong   = "400 transfer encoding @26"
		missing = "501 transfer coding not implemented @26"
	)
	runRows(t, Limits{}, []row{
		{"chunked", post("Transfer-Encoding: chunked"), chunked},
		{"in any case", post("transfer-ENCODING: cHUNKed"), chunked},
		{"space and tab around", post("Transfer-Encoding:\tchunked \t"), chunked},
		{"gzip, chunked", post("Transfer-Encoding: gzip, chunked"), missing},
		{"identity, chunked", post("Transfer-Encoding: identity,chunked"), missing},
		{"gzip", post("Transfer-Encoding: gzip"), wrong},
		{"identity", post("Transfer-Encoding: identity"), wrong},
		{"empty", post("Transfer-Encoding:"), wrong},
		{"chunked, gzip", post("Transfer-Encoding: chunked, gzip"), wrong},
		{"chunked, identity", post("Transfer-Encoding: chunked, identity"), wrong},
		{"chunked twice", post("Transfer-Encoding: chunked, chunked"), wrong},
		{"empty element first", post("Transfer-Encoding: , chunked"), wrong},
		{"empty element last", post("Transfer-Encoding: chunked,"), wrong},
		{"xchunked", post("Transfer-Encoding: xchunked"), wrong},
		{"chunkedx", post("Transfer-Encoding: chunkedx"), wrong},
		{"two words", post("Transfer-Encoding: x chunked"), wrong},
		{"quoted", post(`Transfer-Encoding: "chunked"`), wrong},
		{"with parameter", post("Transfer-Encoding: chunked;q=1"), wrong},
		{"vertical tab", post("Transfer-Encoding: \x0bchunked"), "400 control byte @45"},
		{"no-break space", post("Transfer-Encoding: \xa0chunked"), wrong},
		{"space before colon", post("Transfer-Encoding : chunked"), "400 field name @43"},
		{"two lines", post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), "400 transfer encoding @54"},
		{"two lines, another first", post("Transfer-Encoding: identity", "Transfer-Encoding: chunked"), wrong},
		{"then Content-Length", post("Transfer-Encoding: chunked", "Content-Length: 3"), "400 content length beside transfer encoding @75"},
		{"Content-Length before", post("Content-Length: 3", "Transfer-Encoding: chunked"), "400 content length beside transfer encoding @75"},
		{"in HTTP/1.0", request("POST / HTTP/1.0", "Host: a", "Transfer-Encoding: chunked"), "400 transfer encoding @56"},
		{"a name that only resembles", post("Transfer_Encoding: chunked"), "POST / 1.1 keep host=a"},
	})
}

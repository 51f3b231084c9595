package connectiontype

import (
	"strings"
	"testing"
)

const twoMessages = "{\"a\":\"</script>\u2028\"},{\n\"b\":\r\n[1.10]}"

func TestStreams(t *testing.T) {
	for name, row := range map[string]struct {
		stream Stream
		want   string
	}{
		"eventsource":   {EventSource, "data: [{\"a\":\"</script>\u2028\"},{ \"b\":  [1.10]}]\n\n"},
		"xhr-streaming": {XHRStreaming, "[{\"a\":\"</script>\u2028\"},{ \"b\":  [1.10]}]\n"},
		"iframe":        {Iframe, "<script>d([{\"a\":\"\\u003c/script>\\u2028\"},{\n\"b\":\r\n[1.10]}])</script>\n"},
		"mime-message-block": {MimeMessageBlock, "Content-Type: text/plain;charset=utf-8\r\n\r\n" +
			"[{\"a\":\"</script>\u2028\"},{ \"b\":  [1.10]}]\r\n--halley-part\r\n"},
	} {
		if got := string(row.stream.Append([]byte(">"), []byte(twoMessages))); got != ">"+row.want {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
}

func TestAppendEvent(t *testing.T) {
	if got := string(AppendEvent(nil, "", 7, []byte("{\"a\":\n1}"))); got != "id: 7\ndata: {\"a\": 1}\n\n" {
		t.Errorf("got %q", got)
	}
	if got := string(AppendEvent(nil, "gap", 0, []byte("{}"))); got != "event: gap\ndata: {}\n\n" {
		t.Errorf("got %q", got)
	}
}

// A part ends where its boundary begins, which must not be in the data.
func TestBoundaryStandsAlone(t *testing.T) {
	part := string(MimeMessageBlock.Append(nil, []byte("{\"a\":\n\"--halley-part\"}")))
	if n := strings.Count(part, "\n--halley-part"); n != 1 {
		t.Errorf("%d boundaries in %q", n, part)
	}
}

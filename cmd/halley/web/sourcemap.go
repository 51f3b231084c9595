package web

import (
	"encoding/json"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// rare is how often a word may occur at most to tell where it came from.
const rare = 8

// wordPattern finds what minifying leaves as it is, names of properties, keywords and
// the words of strings, and names of variables, which it makes shorter. Comments of the
// source are passed over whole.
var wordPattern = regexp.MustCompile(`(?s)/\*.*?\*/|(?m)(?:^|[ ;])//[^\n]*|[A-Za-z_$][\w$]{2,}`)

// word is one at a place of a text.
type word struct {
	text                 string
	source, line, column int
}

// words lists the words of a text and where they are.
func words(source int, text string) (found []word) {
	line, begin, seen := 0, 0, 0
	for _, at := range wordPattern.FindAllStringIndex(text, -1) {
		if n := strings.Count(text[seen:at[0]], "\n"); n > 0 {
			line += n
			begin = strings.LastIndexByte(text[:at[0]], '\n') + 1
		}
		seen = at[0]
		if w := text[at[0]:at[1]]; !strings.Contains(w, "//") && !strings.HasPrefix(w, "/*") {
			// The minified script has no character beyond ASCII, and its columns are all that count them.
			found = append(found, word{w, source, line, at[0] - begin})
		}
	}
	return found
}

// sourceMap makes the source map (ECMA-426) of a minified script below its banner. The
// minifier does not tell where its output came from, so the words that both have in the
// same order tell it.
func sourceMap(names, sources []string, script string) ([]byte, error) {
	var from []word
	for i, text := range sources {
		from = append(from, words(i, text)...)
	}
	to := words(0, script)
	var mappings strings.Builder
	mappings.WriteByte(';') // the banner
	var last word           // of the source
	line, column := 0, 0    // of the script
	for _, pair := range align(to, from) {
		there, here := to[pair[0]], from[pair[1]]
		for ; line < there.line; line, column = line+1, 0 {
			mappings.WriteByte(';')
		}
		if column > 0 {
			mappings.WriteByte(',')
		}
		for _, n := range []int{there.column - column, here.source - last.source, here.line - last.line, here.column - last.column} {
			appendVLQ(&mappings, n)
		}
		column, last = there.column, here
	}
	return json.Marshal(struct {
		Version        int      `json:"version"`
		Sources        []string `json:"sources"`
		SourcesContent []string `json:"sourcesContent"`
		Names          []string `json:"names"`
		Mappings       string   `json:"mappings"`
	}{3, names, sources, []string{}, mappings.String()})
}

// align pairs words of a with the same words of b, in the order of both: first the
// longest series of rare ones, then what fits between two of them.
func align(a, b []word) (pairs [][2]int) {
	anchors := series(candidates(a, b))
	i, j := 0, 0
	for _, anchor := range append(anchors, [2]int{len(a), len(b)}) {
		for ; i < anchor[0]; i++ {
			if k := slices.IndexFunc(b[j:anchor[1]], func(w word) bool { return w.text == a[i].text }); k >= 0 {
				pairs = append(pairs, [2]int{i, j + k})
				j += k + 1
			}
		}
		if anchor[0] < len(a) {
			pairs = append(pairs, anchor)
		}
		i, j = anchor[0]+1, anchor[1]+1
	}
	return pairs
}

// candidates lists every pair of the same rare word, by the place in a, and for each by
// the place in b from the last on.
func candidates(a, b []word) (pairs [][2]int) {
	places, often := make(map[string][]int), make(map[string]int)
	for j, w := range b {
		places[w.text] = append(places[w.text], j)
	}
	for _, w := range a {
		often[w.text]++
	}
	for i, w := range a {
		if at := places[w.text]; len(at) <= rare && often[w.text] <= rare {
			for _, j := range slices.Backward(at) {
				pairs = append(pairs, [2]int{i, j})
			}
		}
	}
	return pairs
}

// series finds the longest series of pairs in which both places grow (Hunt and
// Szymanski's way to the longest common subsequence).
func series(pairs [][2]int) [][2]int {
	type link struct{ pair, before int }
	var links []link
	var ends []int // by length: the link with the least place in b that ends such a series
	for p, pair := range pairs {
		k := sort.Search(len(ends), func(k int) bool { return pairs[links[ends[k]].pair][1] >= pair[1] })
		before := -1
		if k > 0 {
			before = ends[k-1]
		}
		links = append(links, link{p, before})
		if k == len(ends) {
			ends = append(ends, len(links)-1)
		} else {
			ends[k] = len(links) - 1
		}
	}
	var found [][2]int
	if len(ends) == 0 {
		return nil
	}
	for l := ends[len(ends)-1]; l >= 0; l = links[l].before {
		found = append(found, pairs[links[l].pair])
	}
	slices.Reverse(found)
	return found
}

const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// appendVLQ writes a number as source maps do: base 64, the sign in the lowest bit.
func appendVLQ(to *strings.Builder, n int) {
	v := n << 1
	if n < 0 {
		v = -n<<1 | 1
	}
	for ; v > 31; v >>= 5 {
		to.WriteByte(base64[v&31|32])
	}
	to.WriteByte(base64[v])
}

package web

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/tdewolff/minify/v2/js"
)

// parts of halley.js, in order. They share one scope, in which root is the window.
var parts = []string{"assets/halley/transports.js", "assets/halley/subscriptions.js", "assets/halley/client.js"}

const (
	licence = "/* halley.js, MIT licence */\n"
	// moduleEnd makes an ES module of the classic script.
	moduleEnd = "\nconst {halley} = window;\nexport const {Client} = halley;\nexport default halley;\n"
)

// client puts halley.js together and minifies it, as a classic script and as an ES
// module. Both are nil where its parts are not among the files.
func client(files fs.FS) (classic, module []byte, err error) {
	source := bytes.NewBufferString("(function (root) {\n'use strict';\n")
	for _, name := range parts {
		body, err := fs.ReadFile(files, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil, nil
		}
		if err != nil {
			return nil, nil, err
		}
		source.Write(body)
	}
	source.WriteString("})(window);\n")
	script := bytes.NewBufferString(licence)
	// It shortens the names of variables, never those of properties.
	if err := new(js.Minifier).Minify(nil, script, source, nil); err != nil {
		return nil, nil, fmt.Errorf("halley.js: %w", err)
	}
	classic = script.Bytes()
	return classic, append(bytes.Clone(classic), moduleEnd...), nil
}

// Proved by TestPage and TestPageIsWellFormed.

package manual

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// Page writes the man page, in the macros of man(7). It bears no date, so that the same program has the same page.
func (p Program) Page(w io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, ".\\\" Made from the flags by: %s man\n.TH %s 1 \"\" %q \"User Commands\"\n.ad l\n.nh\n",
		p.name, strings.ToUpper(p.name), p.name+" "+p.version)
	what, _, _ := strings.Cut(strings.TrimPrefix(p.about, "A "), ":")
	fmt.Fprintf(&text, ".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n", p.name, roff(what))
	for _, c := range p.commands {
		fmt.Fprintf(&text, ".B %s %s\n%s\n.br\n", p.name, c.name, roff(c.usage))
	}
	fmt.Fprintf(&text, ".SH DESCRIPTION\n%s\n", roff(p.about))
	for _, c := range p.commands {
		p.section(&text, c)
	}
	text.WriteString(pageEnd)
	_, err := io.WriteString(w, text.String())
	return err
}

// pageEnd is what the flags do not tell.
const pageEnd = `.SH ENVIRONMENT
A flag goes before its environment variable, which goes before the file of
.BR \-\-config .
A variable of a repeatable flag has a value on each line.
.SH FILES
.TP
.I /etc/halley/halley.json
The configuration of the packaged service.
.B halley config
prints one in which each setting is explained.
.SH SIGNALS
.TP
.B SIGTERM, SIGINT
.B halley serve
drains: health checks fail, clients are told to come back, and the process ends within
.B \-\-drain\-delay
and
.BR \-\-drain\-timeout .
A second signal ends it at once.
.TP
.B SIGHUP
.B halley serve
reads its configuration file, keys and certificates again.
.SH EXIT STATUS
0 is success, 1 a failure, 2 bad flags or a bad configuration.
.SH SEE ALSO
.BR curl (1),
.BR systemd.service (5)
`

// section writes a command with its arguments and flags. Flags that an earlier command has are not told again.
func (p Program) section(w *strings.Builder, c command) {
	fmt.Fprintf(w, ".SH %s\n.B %s %s\n%s\n.PP\n%s\n", roff(strings.ToUpper(c.name)), p.name, c.name, roff(c.usage), roff(c.help))
	for _, v := range c.values {
		fmt.Fprintf(w, ".TP\n.B %s\n%s\n", roff(v.Summary()), roff(v.Help))
	}
	repeated := 0
	for _, g := range c.groups {
		title := g.title
		for _, f := range g.flags {
			if p.repeats(c, f) {
				repeated++
				continue
			}
			if title != "" {
				fmt.Fprintf(w, ".SS %s\n", roff(strings.TrimSuffix(title, ":")))
				title = ""
			}
			fmt.Fprintf(w, ".TP\n.B %s\n%s\n", roff(flagHead(f)), roff(flagHelp(f)))
		}
	}
	if repeated > usualFlags {
		fmt.Fprintf(w, ".PP\nIt also takes the flags of an earlier command, which\n.B %s %s \\-\\-help\nlists.\n", p.name, c.name)
	}
}

// usualFlags is how many flags each command has: help and version.
const usualFlags = 2

// flagHead is a flag with its value.
func flagHead(f *kong.Flag) string {
	head := "--" + f.Name
	if f.Short != 0 {
		head = fmt.Sprintf("-%c, %s", f.Short, head)
	}
	if !f.IsBool() {
		head += "=" + f.FormatPlaceHolder()
	}
	return head
}

// flagHelp is what a flag is for, with its variable.
func flagHelp(f *kong.Flag) string {
	if len(f.Envs) == 0 {
		return f.Help
	}
	return strings.TrimSpace(f.Help) + " Variable: " + strings.Join(f.Envs, ", ") + "."
}

// roff is a text that means nothing to roff but itself.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

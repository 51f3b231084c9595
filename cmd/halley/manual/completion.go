// Proved by TestBash, TestZsh and TestFish.

package manual

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// Completion writes the completion of a shell: bash, zsh or fish.
func (p Program) Completion(w io.Writer, shell string) error {
	var text strings.Builder
	switch shell {
	case "bash":
		p.bash(&text)
	case "zsh":
		p.zsh(&text)
	case "fish":
		p.fish(&text)
	default:
		return fmt.Errorf("there is no completion of %q", shell)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// names are the commands.
func (p Program) names() (names []string) {
	for _, c := range p.commands {
		names = append(names, c.name)
	}
	return names
}

// bash looks at the word before the cursor: values of a flag, or flags of the command.
func (p Program) bash(w *strings.Builder) {
	fmt.Fprintf(w, `# bash completion of %[1]s, made from its flags by: %[1]s completion bash
_%[1]s() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= words= word
	case $cur,$prev in
	=,*) cur= ;;
	*,=) prev=${COMP_WORDS[COMP_CWORD-2]} ;;
	esac
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $word in
		%[2]s) command=$word; break ;;
		esac
	done
	case "$command $prev" in
`, p.name, strings.Join(p.names(), "|"))
	p.bashValues(w)
	fmt.Fprintf(w, "\t*)\n\t\tcase $command in\n\t\t'') words='%s --help --version' ;;\n", strings.Join(p.names(), " "))
	for _, c := range p.commands {
		var words []string
		for _, v := range c.values {
			words = append(words, choices(v)...)
		}
		for _, f := range c.flags() {
			words = append(words, "--"+f.Name)
		}
		fmt.Fprintf(w, "\t\t%s) words='%s' ;;\n", c.name, strings.Join(words, " "))
	}
	fmt.Fprintf(w, "\t\tesac ;;\n\tesac\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\ncomplete -F _%[1]s %[1]s\n", p.name)
}

// bashValues has a branch for each kind of value: words to choose from, a file, or one that nobody can guess.
func (p Program) bashValues(w *strings.Builder) {
	var kinds []string
	patterns := make(map[string][]string)
	for _, c := range p.commands {
		for _, f := range c.flags() {
			if f.IsBool() {
				continue
			}
			kind := "return"
			if list := choices(f.Value); list != nil {
				kind = fmt.Sprintf("words=%q", strings.Join(list, " "))
			} else if takesFile(f) {
				kind = bashFiles
			}
			if patterns[kind] == nil {
				kinds = append(kinds, kind)
			}
			if !p.repeats(c, f) {
				patterns[kind] = append(patterns[kind], p.bashPattern(c, f))
			}
		}
	}
	for _, kind := range kinds {
		fmt.Fprintf(w, "\t%s)\n\t\t%s ;;\n", strings.Join(patterns[kind], "|"), kind)
	}
}

// bashFiles completes the name of a file.
const bashFiles = `compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return`

// bashPattern matches a flag: of all commands, unless several have different ones of its name.
func (p Program) bashPattern(c command, f *kong.Flag) string {
	for _, other := range p.commands {
		for _, g := range other.flags() {
			if g.Name == f.Name && g.Help != f.Help {
				return fmt.Sprintf("'%s --%s'", c.name, f.Name)
			}
		}
	}
	return fmt.Sprintf("*' --%s'", f.Name)
}

// zsh describes each flag to _arguments.
func (p Program) zsh(w *strings.Builder) {
	fmt.Fprintf(w, "#compdef %[1]s\n# zsh completion of %[1]s, made from its flags by: %[1]s completion zsh\n_%[1]s() {\n\tlocal -a commands\n\tcommands=(\n", p.name)
	for _, c := range p.commands {
		fmt.Fprintf(w, "\t\t%s\n", quoted(c.name+":"+summary(c.help)))
	}
	fmt.Fprintf(w, "\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n\tlocal command=$words[2]\n\tshift words\n\t(( CURRENT-- ))\n\tcase $command in\n")
	for _, c := range p.commands {
		fmt.Fprintf(w, "\t%s)\n\t\t_arguments", c.name)
		for _, f := range c.flags() {
			fmt.Fprintf(w, " \\\n\t\t\t%s", quoted(zshFlag(f)))
		}
		for i, v := range c.values {
			if list := choices(v); list != nil {
				fmt.Fprintf(w, " \\\n\t\t\t%s", quoted(fmt.Sprintf("%d:%s:(%s)", i+1, v.Name, strings.Join(list, " "))))
			}
		}
		fmt.Fprint(w, "\n\t\t;;\n")
	}
	fmt.Fprintf(w, "\tesac\n}\nif [[ $funcstack[1] == _%[1]s ]]; then\n\t_%[1]s \"$@\"\nelse\n\tcompdef _%[1]s %[1]s\nfi\n", p.name)
}

// zshFlag is a flag as _arguments takes it.
func zshFlag(f *kong.Flag) string {
	help := strings.NewReplacer("\\", "\\\\", "[", "\\[", "]", "\\]", ":", "\\:").Replace(summary(f.Help))
	name := "--" + f.Name
	if f.IsBool() {
		return fmt.Sprintf("%s[%s]", name, help)
	}
	if f.IsSlice() {
		name = "*" + name
	}
	action := " "
	switch list := choices(f.Value); {
	case list != nil:
		action = "(" + strings.Join(list, " ") + ")"
	case f.PlaceHolder == "DIR":
		action = "_files -/"
	case takesFile(f):
		action = "_files"
	}
	return fmt.Sprintf("%s=[%s]:%s:%s", name, help, f.Name, action)
}

// fish has a line for each command and flag.
func (p Program) fish(w *strings.Builder) {
	fmt.Fprintf(w, "# fish completion of %[1]s, made from its flags by: %[1]s completion fish\ncomplete -c %[1]s -f\n", p.name)
	for _, c := range p.commands {
		fmt.Fprintf(w, "complete -c %s -n __fish_use_subcommand -a %s -d %s\n", p.name, c.name, fishQuoted(summary(c.help)))
	}
	for _, c := range p.commands {
		seen := fmt.Sprintf("complete -c %s -n '__fish_seen_subcommand_from %s'", p.name, c.name)
		for _, v := range c.values {
			if list := choices(v); list != nil {
				fmt.Fprintf(w, "%s -a '%s'\n", seen, strings.Join(list, " "))
			}
		}
		for _, f := range c.flags() {
			value := " -x"
			switch list := choices(f.Value); {
			case f.IsBool():
				value = ""
			case list != nil:
				value = fmt.Sprintf(" -x -a '%s'", strings.Join(list, " "))
			case takesFile(f):
				value = " -r -F"
			}
			fmt.Fprintf(w, "%s -l %s%s -d %s\n", seen, f.Name, value, fishQuoted(summary(f.Help)))
		}
	}
}

// quoted is a word of zsh or bash in single quotes.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// fishQuoted is a word of fish in single quotes.
func fishQuoted(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

package subject

import (
	"errors"
	"strings"
)

// The way back from tokens to channels and patterns proves that each has one form alone.

// PatternTokens are those of a pattern, with its wildcard.
func PatternTokens(pattern string) string {
	parent, tail := cut(pattern)
	return string(appendPattern(nil, parent, tail))
}

// errTokens means that tokens are not those of any channel, or of any pattern.
var errTokens = errors.New("these are not the tokens of a channel")

// Channel is the channel of tokens as Tokens makes them.
func Channel(tokens string) (name string, err error) {
	dst := append(make([]byte, 0, 1+len(tokens)), '/')
	for token, rest, more := "", tokens, true; more; {
		if token, rest, more = strings.Cut(rest, "."); token == "" {
			return "", errTokens
		}
		if dst, err = unescape(dst, token); err != nil {
			return "", err
		}
		if more {
			dst = append(dst, '/')
		}
	}
	return string(dst), nil
}

// Pattern is the pattern of tokens as PatternTokens makes them.
func Pattern(tokens string) (pattern string, err error) {
	parent, tail := tokens, ""
	if i := strings.LastIndexByte(tokens, '.'); i >= 0 {
		parent, tail = tokens[:i], tokens[i+1:]
	} else if tokens == "*" || tokens == ">" {
		parent, tail = "", tokens
	}
	switch tail {
	default:
		pattern, err = Channel(tokens)
		if _, wildcard := cut(pattern); wildcard != "" {
			err = errTokens // the name of a pattern is not that pattern
		}
		return pattern, err
	case "*":
	case ">":
		tail = "**"
	}
	if parent != "" {
		parent, err = Channel(parent)
	} else if tokens[0] == '.' {
		err = errTokens
	}
	return parent + "/" + tail, err
}

// unescape appends the segment of a token.
func unescape(dst []byte, token string) ([]byte, error) {
	for i := 0; i < len(token); i++ {
		c := token[i]
		if c == '%' {
			if i+2 >= len(token) {
				return nil, errTokens
			}
			high, low := digit(token[i+1]), digit(token[i+2])
			if c = byte(high<<4 | low); high < 0 || low < 0 || !mustEscape(c) {
				return nil, errTokens // of what needs no escape there would be two forms
			}
			i += 2
		} else if mustEscape(c) || c == '/' {
			return nil, errTokens
		}
		dst = append(dst, c)
	}
	return dst, nil
}

func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

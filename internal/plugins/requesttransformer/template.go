package requesttransformer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// template is a text with expressions in $( ), which are filled from the request. Kong runs Lua there; we read what nearly
// every configuration uses: a value, or several joined by "or".
//
//	$(headers.x-token)   $(headers["X Token"])   $(query_params.q or 'none')   $(uri_captures[1])   $(shared.user.name)
type template struct {
	text  string // the whole text when there is no expression
	parts []part // else these, in order
}

// part is a text, or an expression when it has alternatives.
type part struct {
	text string
	alts []operand // the first that is there is used
}

// operand is a literal or a value of the request.
type operand struct {
	literal string
	source  source // 0 for a literal
	path    []string
}

type source int

const (
	headers source = iota + 1
	queryParams
	uriCaptures
	shared
)

var sources = map[string]source{
	"headers": headers, "query_params": queryParams, "uri_captures": uriCaptures, "shared": shared,
}

// scope gives the values that templates ask for.
type scope interface {
	// lookup returns the value at path, and whether there is one.
	lookup(s source, path []string) (string, bool)
}

// constant reports whether the template has no expression.
func (t *template) constant() bool { return t.parts == nil }

// render fills the expressions; a value that is not there is empty.
func (t *template) render(s scope) string {
	if t.constant() {
		return t.text
	}
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.text)
		for _, a := range p.alts {
			v, ok := a.literal, true
			if a.source != 0 {
				v, ok = s.lookup(a.source, a.path)
			}
			if ok {
				b.WriteString(v)
				break
			}
		}
	}
	return b.String()
}

// parseTemplate reads a template; an error names what is not supported.
func parseTemplate(text string) (template, error) {
	t := template{text: text}
	rest := text
	for {
		before, after, found := strings.Cut(rest, "$(")
		if !found {
			break
		}
		expr, end, err := parseExpression(after)
		if err != nil {
			return template{}, err
		}
		t.parts = append(t.parts, part{text: before, alts: expr})
		rest = after[end:]
	}
	if t.parts != nil {
		t.parts = append(t.parts, part{text: rest})
	}
	return t, nil
}

// parseExpression reads operands joined by "or" up to the closing parenthesis, and returns where it ended.
func parseExpression(text string) ([]operand, int, error) {
	l := lexer{text: text}
	var alts []operand
	for {
		o, err := l.operand()
		if err != nil {
			return nil, 0, err
		}
		alts = append(alts, o)
		switch tok, err := l.next(); {
		case err != nil:
			return nil, 0, err
		case tok.is(symbol, ")"):
			return alts, l.at, nil
		case !tok.is(name, "or"):
			return nil, 0, fmt.Errorf("unexpected '%s' after a value, only 'or' is supported", tok.text)
		}
	}
}

type kind int

const (
	symbol kind = iota
	name
	quoted
	number
)

type token struct {
	kind kind
	text string
}

func (t token) is(k kind, text string) bool { return t.kind == k && t.text == text }

// lexer splits an expression into tokens.
type lexer struct {
	text string
	at   int
}

var errUnclosed = errors.New("')' is missing")

func (l *lexer) next() (token, error) {
	for l.at < len(l.text) && (l.text[l.at] == ' ' || l.text[l.at] == '\t') {
		l.at++
	}
	if l.at == len(l.text) {
		return token{}, errUnclosed
	}
	start := l.at
	c := l.text[l.at]
	l.at++
	switch {
	case c == '"' || c == '\'':
		end := strings.IndexByte(l.text[l.at:], c)
		if end < 0 {
			return token{}, errors.New("unfinished string")
		}
		s := l.text[l.at : l.at+end]
		if strings.Contains(s, `\`) {
			return token{}, errors.New("escapes in a string are not supported")
		}
		l.at += end + 1
		return token{quoted, s}, nil
	case isLetter(c):
		for l.at < len(l.text) && (isLetter(l.text[l.at]) || isDigit(l.text[l.at])) {
			l.at++
		}
		return token{name, l.text[start:l.at]}, nil
	case isDigit(c):
		for l.at < len(l.text) && isDigit(l.text[l.at]) {
			l.at++
		}
		return token{number, l.text[start:l.at]}, nil
	}
	return token{symbol, string(c)}, nil
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// peek returns the next byte as it stands, or 0.
func (l *lexer) peek() byte {
	if l.at < len(l.text) {
		return l.text[l.at]
	}
	return 0
}

// operand reads a literal, or a value with the names that lead to it.
func (l *lexer) operand() (operand, error) {
	tok, err := l.next()
	if err != nil {
		return operand{}, err
	}
	switch tok.kind {
	case quoted, number:
		return operand{literal: tok.text}, nil
	case symbol:
		return operand{}, fmt.Errorf("unexpected '%s'", tok.text)
	}
	o := operand{source: sources[tok.text]}
	if o.source == 0 {
		return operand{}, fmt.Errorf("'%s' is not supported, only headers, query_params, uri_captures, shared and strings are", tok.text)
	}
	for {
		switch l.peek() {
		case '.':
			l.at++
			tok, err := l.next()
			if err != nil || tok.kind != name {
				return operand{}, fmt.Errorf("no name after the '.' of %s", l.text[:l.at])
			}
			o.path = append(o.path, tok.text)
		case '[':
			l.at++
			tok, err := l.next()
			if err != nil {
				return operand{}, err
			}
			if tok.kind != quoted && tok.kind != number {
				return operand{}, fmt.Errorf("unexpected '%s' in [ ]", tok.text)
			}
			if tok.kind == number {
				if _, err := strconv.Atoi(tok.text); err != nil {
					return operand{}, fmt.Errorf("bad index %s", tok.text)
				}
			}
			o.path = append(o.path, tok.text)
			if end, err := l.next(); err != nil || !end.is(symbol, "]") {
				return operand{}, errors.New("']' is missing")
			}
		default:
			if len(o.path) == 0 {
				return operand{}, fmt.Errorf("'%s' needs a name", tok.text)
			}
			if len(o.path) > 1 && o.source != shared {
				return operand{}, fmt.Errorf("'%s' has no values inside values", tok.text)
			}
			return o, nil
		}
	}
}

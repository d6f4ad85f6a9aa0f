package requesttransformer

import (
	"fmt"
	"strings"
	"testing"
)

// fakeScope holds values by "source path".
type fakeScope map[string]string

func (f fakeScope) lookup(s source, path []string) (string, bool) {
	v, ok := f[fmt.Sprint(int(s), " ", strings.Join(path, "/"))]
	return v, ok
}

func TestTemplate(t *testing.T) {
	s := fakeScope{
		"1 x-a": "A", "1 x_b": "B", "1 X C": "C", "1 empty": "", "2 q": "Q", "3 1": "one", "3 id": "42", "4 user/name": "u", "4 n": "7",
	}
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"plain", "plain"},
		{"$headers", "$headers"},
		{"a ( b )", "a ( b )"},
		{"# comment", "# comment"},
		{"$(headers.x_b)", "B"},
		{"<$(headers['x-a'])>", "<A>"},
		{`$(headers["X C"])`, "C"},
		{"$(headers.none)", ""},
		{"$( query_params.q )", "Q"},
		{"$(uri_captures[1])/$(uri_captures.id)/$(uri_captures['id'])", "one/42/42"},
		{"$(shared.user.name) $(shared['user']['name']) $(shared.n)", "u u 7"},
		{"$(headers.none or 'd')", "d"},
		{`$(headers.x_b or "d")`, "B"},
		{"$(headers.none or query_params.none or uri_captures[1] or 'd')", "one"},
		{"$(headers.empty or 'd')", ""},
		{"$(headers.none or 5)", "5"},
		{"$('(') or $(')')", "( or )"},
		{"$(headers.none or 'a$(b)')", "a$(b)"},
		{"$(query_params.q)$(query_params.q)", "QQ"},
		{"pre $(query_params.q) post", "pre Q post"},
	} {
		tpl, err := parseTemplate(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := tpl.render(s); got != c.want {
			t.Errorf("%s: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestTemplateErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"$(", "')' is missing"},
		{"$(headers.x", "')' is missing"},
		{"$()", "unexpected ')'"},
		{"$(headers)", "'headers' needs a name"},
		{"$(headers.)", "no name after the '.'"},
		{"$(headers.x.y)", "has no values inside values"},
		{"$(headers[x])", "unexpected 'x' in [ ]"},
		{"$(headers['x)", "unfinished string"},
		{"$(headers['x')", "']' is missing"},
		{"$(headers['x'].)", "no name after the '.'"},
		{"$(headers.x and 'y')", "unexpected 'and' after a value, only 'or' is supported"},
		{"$(headers.x .. 'y')", "unexpected '.' after a value"},
		{"$(headers.x:upper())", "unexpected ':'"},
		{"$(headers.x or)", "unexpected ')'"},
		{"$(string.upper(headers.x))", "'string' is not supported"},
		{"$(os.execute('rm'))", "'os' is not supported"},
		{"$(foo)", "'foo' is not supported"},
		{"$(type(headers.x) == 'string')", "'type' is not supported"},
		{"$(-1)", "unexpected '-'"},
		{`$("a\n")`, "escapes in a string"},
		{"$(uri_captures[99999999999999999999])", "bad index"},
		{"ok $(headers.x) then $(bad)", "'bad' is not supported"},
	} {
		if _, err := parseTemplate(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.text, err, c.want)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"$(headers.x or 'y')", "$(", "$('", "a$(uri_captures[1])b", "$(shared.a['b'].c)", "))((", "$$(1)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tpl, err := parseTemplate(text)
		if err != nil {
			return
		}
		got := tpl.render(fakeScope{})
		if !strings.Contains(text, "$(") && got != text {
			t.Fatalf("%q without an expression became %q", text, got)
		}
	})
}

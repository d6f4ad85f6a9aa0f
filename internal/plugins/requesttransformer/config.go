package requesttransformer

import (
	"fmt"
	"strings"

	"github.com/gibbon-gateway/gibbon/edit"
	"github.com/gibbon-gateway/gibbon/schema"
)

type config struct {
	HTTPMethod string   `json:"http_method" conf:"match=^%u+$" doc:"The method to send upstream. GET, HEAD and TRACE move the fields of a form from the body to the query."`
	Remove     remove   `json:"remove" conf:"required" doc:"Names to remove."`
	Rename     rename   `json:"rename" conf:"required" doc:"Pairs of an old and a new name."`
	Replace    replace  `json:"replace" conf:"required" doc:"Pairs of a name and its new value, for names that are there."`
	Add        additive `json:"add" conf:"required" doc:"Pairs of a name and a value, for names that are not there."`
	Append     additive `json:"append" conf:"required" doc:"Pairs of a name and a further value."`
}

type remove struct {
	Body        []string `json:"body" conf:"required;default=[]" doc:"Fields of the body."`
	Headers     []string `json:"headers" conf:"required;default=[]" doc:"Headers."`
	Querystring []string `json:"querystring" conf:"required;default=[]" doc:"Parameters of the query."`
}

type rename struct {
	Body        []string `json:"body" conf:"required;default=[]" doc:"Fields of the body, as old:new."`
	Headers     []string `json:"headers" conf:"required;default=[];elements.match=^[^:]+:.*$" doc:"Headers, as old:new."`
	Querystring []string `json:"querystring" conf:"required;default=[]" doc:"Parameters of the query, as old:new."`
}

type replace struct {
	Body        []string `json:"body" conf:"required;default=[]" doc:"Fields of the body, as name:value."`
	Headers     []string `json:"headers" conf:"required;default=[];elements.match=^[^:]+:.*$" doc:"Headers, as name:value."`
	Querystring []string `json:"querystring" conf:"required;default=[]" doc:"Parameters of the query, as name:value."`
	URI         string   `json:"uri" doc:"The path to send upstream. The query stays."`
}

type additive struct {
	Body        []string `json:"body" conf:"required;default=[]" doc:"Fields of the body, as name:value."`
	Headers     []string `json:"headers" conf:"required;default=[];elements.match=^[^:]+:.*$" doc:"Headers, as name:value."`
	Querystring []string `json:"querystring" conf:"required;default=[]" doc:"Parameters of the query, as name:value."`
}

// split cuts an entry "name:value" at its first colon, or colons.
func split(entry string) (name, value string) {
	name, value, _ = strings.Cut(entry, ":")
	return name, strings.TrimLeft(value, ":")
}

// checks are the rules about entries. Kong finds a wrong template in a header only when a request comes; we refuse it here.
func checks() []schema.Rule {
	rules := []schema.Rule{
		schema.CheckField("remove.headers.elements", checkText(checkName)),
		schema.CheckField("rename.headers.elements", checkText(checkRename)),
		schema.CheckField("replace.uri", checkText(checkTemplate)),
	}
	for _, part := range []string{"replace", "add", "append"} {
		rules = append(rules, schema.CheckField(part+".headers.elements", checkText(checkHeader)))
	}
	for _, part := range []string{"rename", "replace", "add", "append"} {
		rules = append(rules,
			schema.CheckField(part+".body.elements", checkText(checkValue)),
			schema.CheckField(part+".querystring.elements", checkText(checkValue)))
	}
	return rules
}

func checkText(check func(entry string) error) func(v any) error {
	return func(v any) error {
		entry, _ := v.(string)
		return check(entry)
	}
}

// checkValue checks an entry that needs a value, in Kong's words.
func checkValue(entry string) error {
	name, value := split(entry)
	if value == "" {
		return fmt.Errorf("key '%s' has no value", name)
	}
	return checkTemplate(value)
}

// checkName checks what stands before the colon of an entry about headers, in Kong's words.
func checkName(entry string) error {
	if name, _ := split(entry); !edit.IsFieldName(name) {
		return fmt.Errorf("'%s' is not a valid header", name)
	}
	return nil
}

// checkRename checks an entry that names two headers. As in Kong the new name is no template.
func checkRename(entry string) error {
	if err := checkName(entry); err != nil {
		return err
	}
	_, to := split(entry)
	return checkName(to)
}

func checkHeader(entry string) error {
	if err := checkName(entry); err != nil {
		return err
	}
	_, value := split(entry)
	return checkTemplate(value)
}

func checkTemplate(text string) error {
	if _, err := parseTemplate(text); err != nil {
		return fmt.Errorf("value '%s' is not in supported format, error:%w", text, err)
	}
	return nil
}

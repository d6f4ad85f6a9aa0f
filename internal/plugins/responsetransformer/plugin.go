// Package responsetransformer is the plugin response-transformer: it removes, renames, replaces and adds headers of the
// response, and members of its body when that is a JSON object. Its main type is transformer. It does not look into members of
// members.
package responsetransformer

import (
	"fmt"
	"mime"
	"strings"

	"github.com/gibbon-gateway/gibbon/edit"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
)

type config struct {
	Remove  remove  `json:"remove" conf:"required" doc:"Names to remove."`
	Rename  rename  `json:"rename" conf:"required" doc:"Pairs of an old and a new name."`
	Replace changes `json:"replace" conf:"required" doc:"Pairs of a name and its new value, for names that are there."`
	Add     changes `json:"add" conf:"required" doc:"Pairs of a name and a value, for names that are not there."`
	Append  changes `json:"append" conf:"required" doc:"Pairs of a name and a further value."`
}

type remove struct {
	JSON    []string `json:"json" conf:"required;default=[]" doc:"Members of the JSON body."`
	Headers []string `json:"headers" conf:"required;default=[]" doc:"Headers."`
}

type rename struct {
	JSON    []string `json:"json" conf:"required;default=[];elements.match=^[^:]+:.*$" doc:"Members of the JSON body, as old:new."`
	Headers []string `json:"headers" conf:"required;default=[];elements.match=^[^:]+:.*$" doc:"Headers, as old:new."`
}

type changes struct {
	JSON      []string `json:"json" conf:"required;default=[];elements.match=^[^:]+:.*$" doc:"Members of the JSON body, as name:value."`
	JSONTypes []string `json:"json_types" conf:"required;default=[];elements.one_of=boolean,number,string" doc:"The type of each value in json, in their order: boolean, number or string. Those without are strings."`
	Headers   []string `json:"headers" conf:"required;default=[];elements.match=^[^:]+:.*$" doc:"Headers, as name:value."`
}

// Type is the plugin.
var Type = plugin.Define(plugin.Desc{
	Name:     "response-transformer",
	Priority: 800,
	Doc:      "Changes the headers and the JSON body of responses before they go to the client.",
}, build,
	schema.CheckField("rename.headers.elements", checkRename),
	schema.CheckField("replace.headers.elements", checkHeader),
	schema.CheckField("add.headers.elements", checkHeader),
	schema.CheckField("append.headers.elements", checkHeader),
)

// checkHeader checks an entry "name:value", in Kong's words.
func checkHeader(v any) error {
	entry, _ := v.(string)
	name, _, _ := strings.Cut(entry, ":")
	if !edit.IsFieldName(name) {
		return fmt.Errorf("'%s' is not a valid header", name)
	}
	return nil
}

// checkRename checks an entry "old:new", in Kong's words.
func checkRename(v any) error {
	if err := checkHeader(v); err != nil {
		return err
	}
	entry, _ := v.(string)
	_, to, _ := strings.Cut(entry, ":")
	return checkHeader(strings.TrimLeft(to, ":"))
}

// pair is an entry "name:value" of the configuration.
type pair struct{ name, value string }

// pairs splits entries at their first colon, or colons; those without a value are left out.
func pairs(entries []string) []pair {
	var list []pair
	for _, e := range entries {
		name, value, _ := strings.Cut(e, ":")
		if value = strings.TrimLeft(value, ":"); value != "" {
			list = append(list, pair{name, value})
		}
	}
	return list
}

// names takes what stands before the first colon.
func names(entries []string) []string {
	var list []string
	for _, e := range entries {
		name, _, _ := strings.Cut(e, ":")
		list = append(list, name)
	}
	return list
}

// transformer is one configuration at work.
type transformer struct {
	remove                       []string
	rename, replace, add, append []pair
	json                         *jsonEdits // nil: bodies are left alone
}

func build(c config, _ plugin.Env) (any, error) {
	return &transformer{
		remove:  names(c.Remove.Headers),
		rename:  pairs(c.Rename.Headers),
		replace: pairs(c.Replace.Headers),
		add:     pairs(c.Add.Headers),
		append:  pairs(c.Append.Headers),
		json:    newJSONEdits(c),
	}, nil
}

// HeaderFilter changes the headers, and has the body changed if it is JSON.
func (t *transformer) HeaderFilter(x *plugin.Exchange) error {
	h := &x.Response.Header
	// The type that counts is the one before headers are changed.
	isJSON := t.json != nil && isJSON(h.Get("Content-Type"))
	for _, name := range t.remove {
		h.Del(name)
	}
	for _, p := range t.rename {
		var values []string
		for v := range h.Values(p.name) {
			values = append(values, string(v))
		}
		if values == nil {
			continue
		}
		h.Del(p.name)
		h.Del(p.value)
		for _, v := range values {
			h.Add(p.value, v)
		}
	}
	for _, p := range t.replace {
		if h.Has(p.name) {
			h.Set(p.name, p.value)
		}
	}
	for _, p := range t.add {
		if !h.Has(p.name) {
			h.Set(p.name, p.value)
		}
	}
	for _, p := range t.append {
		h.Add(p.name, p.value)
	}
	if isJSON {
		x.FilterBody(&bodyFilter{edits: t.json})
	}
	return nil
}

// isJSON reports whether one of the types in a Content-Type is application/json.
func isJSON(contentType string) bool {
	for t := range strings.SplitSeq(contentType, ",") {
		if media, _, err := mime.ParseMediaType(t); err == nil && media == "application/json" {
			return true
		}
	}
	return false
}

package page

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
)

// catalogue holds the texts of one language by key. {0} and so on stand for arguments.
type catalogue map[string]string

// fallback is the language of texts that another does not have.
const fallback = "en"

var catalogues = func() map[string]catalogue {
	all := make(map[string]catalogue)
	files, err := fs.Glob(embedded, "catalogue/*.json")
	if err != nil {
		panic(err)
	}
	for _, name := range files {
		text, err := embedded.ReadFile(name)
		if err != nil {
			panic(err)
		}
		var c catalogue
		if err := json.Unmarshal(text, &c); err != nil {
			panic(name + ": " + err.Error())
		}
		all[strings.TrimSuffix(strings.TrimPrefix(name, "catalogue/"), ".json")] = c
	}
	return all
}()

// Language returns the language to use for a lang parameter: itself, its first part, or English.
func Language(wanted string) string {
	wanted = strings.ToLower(strings.ReplaceAll(wanted, "_", "-"))
	for code := range catalogues {
		if strings.ToLower(code) == wanted {
			return code
		}
	}
	base, _, _ := strings.Cut(wanted, "-")
	if _, known := catalogues[base]; known {
		return base
	}
	return fallback
}

// Text returns a text in a language, with its arguments in place; the key itself if there is none.
func Text(language, key string, args ...any) string {
	text, ok := catalogues[language][key]
	if !ok {
		if text, ok = catalogues[fallback][key]; !ok {
			return key
		}
	}
	for i, arg := range args {
		text = strings.ReplaceAll(text, fmt.Sprintf("{%d}", i), fmt.Sprint(arg))
	}
	return text
}

package entity

import (
	"errors"
	"unicode/utf8"

	"github.com/gibbon-gateway/gibbon/schema"
)

// targetPort is the port of targets that name none.
const targetPort = 8000

func targetSchema() *schema.Schema {
	return schema.Of[Target](schema.CheckField("target", checkTarget))
}

func checkTarget(v any) error {
	target, _ := v.(string)
	if _, err := parseAddress(target); err == nil {
		return nil
	}
	shown := "Invalid target"
	if utf8.ValidString(target) {
		shown += " ('" + target + "')"
	}
	return errors.New(shown + "; not a valid hostname or ip address")
}

// formatTarget writes a target in the form that it is stored in: with a port, IPv6 in full and in brackets.
func formatTarget(doc map[string]any, _ schema.Options) schema.Errors {
	target, _ := doc["target"].(string)
	doc["target"] = FormatTarget(target)
	return nil
}

// FormatTarget returns a target as it is stored, so that one can be looked for; or "" if it is no target.
func FormatTarget(s string) string {
	a, err := parseAddress(s)
	if err != nil {
		return ""
	}
	return a.withPort(targetPort)
}

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
	if !utf8.ValidString(target) {
		return errors.New("Invalid target; not a valid hostname or ip address")
	}
	return errors.New("Invalid target ('" + target + "'); not a valid hostname or ip address")
}

// formatTarget writes a target in the form that it is stored in: with a port, IPv6 in full and in brackets.
func formatTarget(doc map[string]any, _ schema.Options) schema.Errors {
	target, _ := doc["target"].(string)
	a, err := parseAddress(target)
	if err != nil {
		return schema.Errors{"target": "Invalid target; not a valid hostname or ip address"}
	}
	doc["target"] = a.withPort(targetPort)
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

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
	a, err := parseAddress(target)
	if err != nil {
		return schema.Errors{"target": err.Error()} // the schema has let it through, so this does not happen
	}
	doc["target"] = a.withPort(targetPort)
	return nil
}

package entity

import "github.com/gibbon-gateway/gibbon/schema"

func pluginSchema() *schema.Schema { return schema.Of[Plugin](schema.CheckAlways(checkScope)) }

// checkScope refuses what would be bound to a consumer and to a group: there is no order of precedence for that.
func checkScope(doc map[string]any) schema.Errors {
	if doc["consumer"] == nil || doc["consumer_group"] == nil {
		return nil
	}
	return schema.Errors{"consumer_group": "cannot be set together with 'consumer'"}
}

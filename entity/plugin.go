package entity

import "github.com/gibbon-gateway/gibbon/schema"

func pluginSchema() *schema.Schema { return schema.Of[Plugin]() }

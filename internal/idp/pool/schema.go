package pool

import (
	"strconv"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

const (
	maxCustom        = 50
	maxAttributeName = 32
)

// standard lists the attributes that every pool has, in the order in which they are shown.
var standard = []wire.SchemaAttribute{
	text("sub", 1, 2048, false, true), text("name", 0, 2048, true, false), text("given_name", 0, 2048, true, false),
	text("family_name", 0, 2048, true, false), text("middle_name", 0, 2048, true, false), text("nickname", 0, 2048, true, false),
	text("preferred_username", 0, 2048, true, false), text("profile", 0, 2048, true, false), text("picture", 0, 2048, true, false),
	text("website", 0, 2048, true, false), text("email", 0, 2048, true, false), flag("email_verified"), text("gender", 0, 2048, true, false),
	text("birthdate", 10, 10, true, false), text("zoneinfo", 0, 2048, true, false), text("locale", 0, 2048, true, false),
	text("phone_number", 0, 2048, true, false), flag("phone_number_verified"), text("address", 0, 2048, true, false),
	{Name: "updated_at", AttributeDataType: "Number", DeveloperOnlyAttribute: new(false), Mutable: new(true), Required: new(false),
		NumberAttributeConstraints: &wire.NumberAttributeConstraints{MinValue: "0"}},
	{Name: "identities", AttributeDataType: "String", DeveloperOnlyAttribute: new(false), Mutable: new(true), Required: new(false),
		StringAttributeConstraints: &wire.StringAttributeConstraints{}},
}

func text(name string, least, most int, mutable, required bool) wire.SchemaAttribute {
	return wire.SchemaAttribute{Name: name, AttributeDataType: "String", DeveloperOnlyAttribute: new(false), Mutable: new(mutable),
		Required:                   new(required),
		StringAttributeConstraints: &wire.StringAttributeConstraints{MinLength: strconv.Itoa(least), MaxLength: strconv.Itoa(most)}}
}

func flag(name string) wire.SchemaAttribute {
	return wire.SchemaAttribute{Name: name, AttributeDataType: "Boolean", DeveloperOnlyAttribute: new(false), Mutable: new(true),
		Required: new(false)}
}

// IsStandard says whether every pool has the attribute.
func IsStandard(name string) bool {
	for _, a := range standard {
		if a.Name == name {
			return true
		}
	}
	return false
}

// schema is that of a new pool: the standard attributes as the request changes them, and its own.
func schema(asked []wire.SchemaAttribute) ([]wire.SchemaAttribute, error) {
	all := append([]wire.SchemaAttribute(nil), standard...)
	for _, a := range asked {
		i := index(all[:len(standard)], a.Name)
		if i < 0 {
			custom, err := customAttribute(a)
			if err != nil {
				return nil, err
			}
			if index(all, custom.Name) >= 0 {
				return nil, api.InvalidParameter.Errorf("%s: Existing attribute already has name %s.", custom.Name, custom.Name)
			}
			all = append(all, custom)
			continue
		}
		if err := adjust(&all[i], a); err != nil {
			return nil, err
		}
	}
	if len(all)-len(standard) > maxCustom {
		return nil, api.InvalidParameter.Errorf("Custom attributes can not exceed %d.", maxCustom)
	}
	return all, nil
}

// adjust applies what a request says of a standard attribute.
func adjust(a *wire.SchemaAttribute, asked wire.SchemaAttribute) error {
	if asked.AttributeDataType != "" && asked.AttributeDataType != a.AttributeDataType {
		return api.InvalidParameter.Errorf("You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute %s", a.Name)
	}
	if isTrue(asked.DeveloperOnlyAttribute) {
		return api.InvalidParameter.Errorf("You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute %s", a.Name)
	}
	if asked.Mutable != nil {
		a.Mutable = asked.Mutable
	}
	if asked.Required != nil {
		a.Required = asked.Required
	}
	if a.Name == "sub" {
		a.Mutable, a.Required = new(false), new(true)
	}
	if asked.StringAttributeConstraints != nil && a.StringAttributeConstraints != nil {
		a.StringAttributeConstraints = asked.StringAttributeConstraints
	}
	if asked.NumberAttributeConstraints != nil && a.NumberAttributeConstraints != nil {
		a.NumberAttributeConstraints = asked.NumberAttributeConstraints
	}
	return bounds(*a)
}

// customAttribute checks an attribute of the pool's own and gives it its full name.
func customAttribute(a wire.SchemaAttribute) (wire.SchemaAttribute, error) {
	switch {
	case a.Name == "":
		return a, api.InvalidParameter.Errorf("Attribute name must not be empty.")
	case isTrue(a.Required):
		return a, api.InvalidParameter.Errorf("Required custom attributes are not supported currently.")
	case a.AttributeDataType == "":
		a.AttributeDataType = "String"
	}
	prefix := "custom:"
	if isTrue(a.DeveloperOnlyAttribute) {
		prefix = "dev:custom:"
	}
	a.Name = prefix + a.Name
	if len(a.Name) > maxAttributeName {
		return a, api.InvalidParameter.Errorf("%s: Attribute name must not be longer than %d characters.", a.Name, maxAttributeName)
	}
	a.Required = new(false)
	if a.DeveloperOnlyAttribute == nil {
		a.DeveloperOnlyAttribute = new(false)
	}
	if a.Mutable == nil {
		a.Mutable = new(true)
	}
	switch a.AttributeDataType {
	case "String":
		if a.StringAttributeConstraints == nil {
			a.StringAttributeConstraints = &wire.StringAttributeConstraints{}
		}
		a.NumberAttributeConstraints = nil
	case "Number":
		if a.NumberAttributeConstraints == nil {
			a.NumberAttributeConstraints = &wire.NumberAttributeConstraints{}
		}
		a.StringAttributeConstraints = nil
	}
	return a, bounds(a)
}

// bounds checks that an attribute's bounds are numbers in order.
func bounds(a wire.SchemaAttribute) error {
	var least, most string
	var limit int64 = 2048
	switch {
	case a.StringAttributeConstraints != nil:
		least, most = a.StringAttributeConstraints.MinLength, a.StringAttributeConstraints.MaxLength
	case a.NumberAttributeConstraints != nil:
		least, most, limit = a.NumberAttributeConstraints.MinValue, a.NumberAttributeConstraints.MaxValue, 1<<62
	}
	parsed := make([]int64, 2)
	for i, s := range []string{least, most} {
		if s == "" {
			parsed[i] = map[int]int64{0: -1 << 62, 1: limit}[i]
			continue
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n > limit || a.StringAttributeConstraints != nil && n < 0 {
			return api.InvalidParameter.Errorf("%s: Invalid attribute constraint %s.", a.Name, s)
		}
		parsed[i] = n
	}
	if parsed[0] > parsed[1] {
		return api.InvalidParameter.Errorf("%s: The minimum must not be greater than the maximum.", a.Name)
	}
	return nil
}

func index(list []wire.SchemaAttribute, name string) int {
	for i := range list {
		if list[i].Name == name {
			return i
		}
	}
	return -1
}

// addCustom serves AddCustomAttributes.
func (s *Service) addCustom(c *api.Call, in *wire.AddCustomAttributesRequest) (*wire.Empty, error) {
	return &wire.Empty{}, s.edit(c, in.UserPoolID, func(_ *store.Tx, d *doc) error {
		for _, a := range in.CustomAttributes {
			custom, err := customAttribute(a)
			if err != nil {
				return err
			}
			if index(d.Pool.SchemaAttributes, custom.Name) >= 0 {
				return api.InvalidParameter.Errorf("%s: Existing attribute already has name %s.", custom.Name, custom.Name)
			}
			d.Pool.SchemaAttributes = append(d.Pool.SchemaAttributes, custom)
		}
		if len(d.Pool.SchemaAttributes)-len(standard) > maxCustom {
			return api.InvalidParameter.Errorf("Custom attributes can not exceed %d.", maxCustom)
		}
		return nil
	})
}

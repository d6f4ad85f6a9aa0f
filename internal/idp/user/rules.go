package user

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

var (
	phoneForm = regexp.MustCompile(`^\+[0-9]{1,15}$`)
	mailForm  = regexp.MustCompile(`^[^\s@<>(),;:"\[\]\\]+@[^\s@<>(),;:"\[\]\\]+$`)
)

// LooksLikeMail and LooksLikePhone say what form a name has.
func LooksLikeMail(s string) bool { return mailForm.MatchString(s) && !strings.Contains(s, "..") }

// LooksLikePhone says whether s is a number in the form of E.164.
func LooksLikePhone(s string) bool { return phoneForm.MatchString(s) }

// Writer says who sets attributes.
type Writer struct {
	Admin  bool
	Client *pool.Client // whose permissions count; nil for administrators and identity providers
	New    bool         // the user is being made: what can not be changed may be set
}

// Apply checks attributes and sets them on the user; an empty value removes one. It does not check that required ones are there.
func (u *User) Apply(p *pool.Pool, list []wire.Attribute, w Writer) error {
	for _, a := range list {
		if err := writable(p, a.Name, w); err != nil {
			return err
		}
		if a.Value == "" {
			if s, _ := p.Attribute(a.Name); isTrue(s.Required) && !w.New {
				return api.InvalidParameter.Errorf("Attributes did not conform to the schema: %s: The attribute is required", a.Name)
			}
			delete(u.Attr, a.Name)
			if a.Name == "email" || a.Name == "phone_number" {
				delete(u.Attr, a.Name+"_verified")
			}
			continue
		}
		if err := CheckValue(p, a.Name, a.Value); err != nil {
			return err
		}
		u.Attr[a.Name] = a.Value
	}
	return nil
}

func writable(p *pool.Pool, name string, w Writer) error {
	s, ok := p.Attribute(name)
	switch {
	case !ok:
		return api.InvalidParameter.Errorf("Attributes did not conform to the schema: Type for attribute {%s} could not be determined", name)
	case name == "sub":
		return api.InvalidParameter.Errorf("Cannot modify the non-mutable attribute sub")
	case name == "identities":
		return api.InvalidParameter.Errorf("Cannot modify the non-mutable attribute identities")
	case w.Client != nil && !w.Client.Writes(name):
		return api.NotAuthorized.Errorf("A client attempted to write unauthorized attribute")
	case !w.Admin && strings.HasPrefix(name, "dev:"):
		return api.NotAuthorized.Errorf("A client attempted to write unauthorized attribute")
	case !isTrue(s.Mutable) && !w.New:
		return api.InvalidParameter.Errorf("user.%s: Attribute cannot be updated.", name)
	}
	return nil
}

// CheckValue checks one value by the schema.
func CheckValue(p *pool.Pool, name, value string) error {
	s, _ := p.Attribute(name)
	fail := func(format string, args ...any) error {
		return api.InvalidParameter.Errorf("Attributes did not conform to the schema: "+name+": "+format, args...)
	}
	switch {
	case name == "email" && !LooksLikeMail(value):
		return api.InvalidParameter.Errorf("Invalid email address format.")
	case name == "phone_number" && !LooksLikePhone(value):
		return api.InvalidParameter.Errorf("Invalid phone number format.")
	}
	switch s.AttributeDataType {
	case "String":
		n := utf8.RuneCountInString(value)
		if c := s.StringAttributeConstraints; c != nil {
			if least, err := strconv.Atoi(c.MinLength); err == nil && n < least {
				return fail("String must be at least %d characters long", least)
			}
			if most, err := strconv.Atoi(c.MaxLength); err == nil && n > most {
				return fail("String must be no longer than %d characters", most)
			}
		}
		if name == "birthdate" {
			if _, err := time.Parse(time.DateOnly, value); err != nil {
				return fail("Date must be in the format YYYY-MM-DD")
			}
		}
	case "Number":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return fail("Number is expected")
		}
		if c := s.NumberAttributeConstraints; c != nil {
			if least, err := strconv.ParseInt(c.MinValue, 10, 64); err == nil && n < least {
				return fail("Number must be at least %d", least)
			}
			if most, err := strconv.ParseInt(c.MaxValue, 10, 64); err == nil && n > most {
				return fail("Number must be no greater than %d", most)
			}
		}
	case "Boolean":
		if value != "true" && value != "false" {
			return fail("Boolean is expected")
		}
	case "DateTime":
		if _, err := time.Parse(time.RFC3339, value); err != nil {
			if _, err := strconv.ParseInt(value, 10, 64); err != nil {
				return fail("DateTime is expected")
			}
		}
	}
	return nil
}

// CheckRequired refuses a user who lacks a required attribute.
func (u *User) CheckRequired(p *pool.Pool) error {
	var missing []string
	for _, name := range u.Lacks(p) {
		missing = append(missing, name+": The attribute is required")
	}
	if len(missing) == 0 {
		return nil
	}
	return api.InvalidParameter.Errorf("Attributes did not conform to the schema: %s", strings.Join(missing, "\n"))
}

// Lacks lists the required attributes that the user does not have.
func (u *User) Lacks(p *pool.Pool) []string {
	list := []string{}
	for _, s := range p.SchemaAttributes {
		if isTrue(s.Required) && s.Name != "sub" && u.Attr[s.Name] == "" {
			list = append(list, s.Name)
		}
	}
	return list
}

// Name sets the username, sub and naming attribute of a new user by what the caller calls them.
func (u *User) Name(p *pool.Pool, name string) error {
	if u.ID == "" {
		u.ID = NewSub()
	}
	u.PoolID = p.ID
	if len(p.UsernameAttributes) == 0 {
		if p.UsesAlias("email") && LooksLikeMail(name) {
			return api.InvalidParameter.Errorf("Username cannot be of email format, since user pool is configured for email alias.")
		}
		if p.UsesAlias("phone_number") && LooksLikePhone(name) {
			return api.InvalidParameter.Errorf("Username cannot be of phone number format, since user pool is configured for phone number alias.")
		}
		u.Username = Key(p, name)
		u.Key = u.Username
		return nil
	}
	attribute := ""
	switch {
	case p.NamedBy("email") && LooksLikeMail(name):
		attribute = "email"
	case p.NamedBy("phone_number") && LooksLikePhone(name):
		attribute = "phone_number"
	case p.NamedBy("email") && p.NamedBy("phone_number"):
		return api.InvalidParameter.Errorf("Username should be either an email or a phone number.")
	case p.NamedBy("email"):
		return api.InvalidParameter.Errorf("Username should be an email.")
	default:
		return api.InvalidParameter.Errorf("Username should be a phone number.")
	}
	if v := u.Attr[attribute]; v == "" {
		u.Attr[attribute] = name
	} else if Key(p, v) != Key(p, name) {
		return api.InvalidParameter.Errorf("User's %s and username do not match.", attribute)
	}
	u.Username, u.Key = u.ID, u.ID
	return nil
}

func isTrue(b *bool) bool { return b != nil && *b }

package account

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// filter is the clause of a ListUsers filter.
type filter struct {
	name, value string
	prefix      bool
}

var filterForm = regexp.MustCompile(`^\s*("?)([A-Za-z_:]+)("?)\s*(=|\^=)\s*"((?:[^"\\]|\\.)*)"\s*$`)

// parseFilter reads `name = "value"` or `name ^= "value"`. The zero filter is that of all users.
func parseFilter(text string) (f filter, err error) {
	if strings.TrimSpace(text) == "" {
		return f, nil
	}
	m := filterForm.FindStringSubmatch(text)
	if m == nil || m[1] != m[3] {
		return f, api.InvalidParameter.Errorf("Error while parsing filter.")
	}
	f = filter{name: m[2], prefix: m[4] == "^=", value: unescape(m[5])}
	if !slices.Contains(user.Searchable, f.name) {
		return f, api.InvalidParameter.Errorf("Invalid search attribute: %s", f.name)
	}
	switch f.name {
	case "cognito:user_status":
		f.value = strings.ToUpper(f.value)
	case "status":
		if !f.prefix && f.value != "Enabled" && f.value != "Disabled" {
			return f, api.InvalidParameter.Errorf("Error while parsing filter.")
		}
	}
	return f, nil
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// ListUsers lists the users of a pool, all or those that a filter finds.
func (s *Service) ListUsers(c *api.Call, in *wire.ListUsersRequest) (*wire.ListUsersResponse, error) {
	f, err := parseFilter(in.Filter)
	if err != nil {
		return nil, err
	}
	list, limit := api.List("users", in.UserPoolID, in.Filter), api.Limit(in.Limit, 60)
	after, err := api.After(list, in.PaginationToken)
	if err != nil {
		return nil, err
	}
	var passes func(string) bool
	if in.AttributesToGet != nil {
		passes = func(name string) bool { return slices.Contains(in.AttributesToGet, name) }
	}
	out := &wire.ListUsersResponse{Users: []wire.User{}}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx, p *pool.Pool) error {
		for _, name := range in.AttributesToGet {
			if _, ok := p.Attribute(name); !ok {
				return api.InvalidParameter.Errorf("One or more requested attributes do not exist.")
			}
		}
		rows, next, err := page(tx, p, f, after, limit)
		if err != nil {
			return err
		}
		if next != "" {
			out.PaginationToken = api.NextToken(list, next)
		}
		for _, row := range rows {
			u, err := user.Decode(row)
			if err != nil {
				return err
			}
			out.Users = append(out.Users, *shown(u, passes))
		}
		return nil
	})
}

// page fetches a page and says behind what the next one begins.
func page(tx *store.Tx, p *pool.Pool, f filter, after string, limit int) (rows []store.User, next string, err error) {
	if f.name == "" {
		rows, err = tx.Users(p.ID, after, limit+1)
		if len(rows) > limit {
			rows, next = rows[:limit], rows[limit-1].ID
		}
		return rows, next, err
	}
	var from store.Position
	if after != "" {
		if err := json.Unmarshal([]byte(after), &from); err != nil {
			return nil, "", api.InvalidParameter.Errorf("Invalid pagination token given.")
		}
	}
	value := f.value
	if f.name == "username" {
		value = user.Key(p, value)
	}
	rows, places, err := tx.FindUsers(p.ID, f.name, value, f.prefix, from, limit+1)
	if len(rows) > limit {
		last, err := json.Marshal(places[limit-1])
		return rows[:limit], string(last), err
	}
	return rows, "", err
}

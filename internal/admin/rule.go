package admin

import (
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/plan"
)

// mountRules adds the paths that show the rules in force, whatever they were made of.
func (a *api) mountRules() {
	if a.Rules == nil {
		return
	}
	a.on("GET /gibbon/rules", a.rules)
	a.on("GET /gibbon/rules/{rules}", a.rule)
}

// rules answers with a page of the rules, ordered by ID.
func (a *api) rules(c *call) (reply, error) {
	size, err := c.pageSize()
	if err != nil {
		return reply{}, err
	}
	start, err := c.pageStart(false)
	if err != nil {
		return reply{}, err
	}
	all := a.Rules()
	first, _ := findRule(all, start)
	all = all[first:]
	l := listing{Data: []any{}}
	for i := range all[:min(size, len(all))] {
		l.Data = append(l.Data, all[i])
	}
	if size < len(all) {
		query := ""
		if c.query.Has("size") {
			query = "&size=" + c.query.Get("size")
		}
		l.continues("/gibbon/rules", all[size].ID, query)
	}
	return ok(l), nil
}

// rule answers with one rule.
func (a *api) rule(c *call) (reply, error) {
	all := a.Rules()
	i, found := findRule(all, c.params["rules"])
	if !found {
		return reply{}, notFound
	}
	return ok(all[i]), nil
}

// findRule finds the first rule whose ID is not before id, and reports whether it is id.
func findRule(all []plan.Status, id string) (int, bool) {
	return slices.BinarySearchFunc(all, id, func(s plan.Status, id string) int { return strings.Compare(s.ID, id) })
}

package store

import "time"

// Group is a group of a pool's users.
type Group struct {
	PoolID, Name      string
	Description, Role string
	Precedence        *int // nil: none, weaker than any
	Created, Modified time.Time
}

const groupColumns = `g.pool_id, g.name, g.description, g.role, g.precedence, g.created, g.modified`

func scanGroup(r row) (g Group, err error) {
	err = r.Scan(&g.PoolID, &g.Name, &g.Description, &g.Role, &g.Precedence, (*millis)(&g.Created), (*millis)(&g.Modified))
	return g, err
}

// Group returns the group, or ErrNotFound.
func (tx *Tx) Group(pool, name string) (Group, error) {
	return one(tx, scanGroup, `SELECT `+groupColumns+` FROM idp_groups g WHERE g.pool_id = $1 AND g.name = $2`, pool, name)
}

// Groups lists the groups of a pool behind a name.
func (tx *Tx) Groups(pool, after string, limit int) ([]Group, error) {
	return all(tx, scanGroup, `SELECT `+groupColumns+` FROM idp_groups g WHERE g.pool_id = $1 AND g.name > $2 ORDER BY g.name LIMIT $3`, pool, after, limit)
}

// InsertGroup stores a new group: ErrExists if the name is taken.
func (tx *Tx) InsertGroup(g Group) error {
	return tx.insert(`INSERT INTO idp_groups (pool_id, name, description, role, precedence, created, modified) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		g.PoolID, g.Name, g.Description, g.Role, g.Precedence, millis(g.Created), millis(g.Modified))
}

// UpdateGroup stores a changed group.
func (tx *Tx) UpdateGroup(g Group) error {
	return tx.change(`UPDATE idp_groups SET description = $3, role = $4, precedence = $5, modified = $6 WHERE pool_id = $1 AND name = $2`,
		g.PoolID, g.Name, g.Description, g.Role, g.Precedence, millis(g.Modified))
}

// DeleteGroup removes a group and its memberships, or returns ErrNotFound.
func (tx *Tx) DeleteGroup(pool, name string) error {
	return tx.change(`DELETE FROM idp_groups WHERE pool_id = $1 AND name = $2`, pool, name)
}

// Join makes the user a member; one who is already stays.
func (tx *Tx) Join(pool, group, user string) error {
	return tx.exec(`INSERT INTO idp_group_members (pool_id, group_name, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, pool, group, user)
}

// Leave ends a membership, if there is one.
func (tx *Tx) Leave(pool, group, user string) error {
	return tx.exec(`DELETE FROM idp_group_members WHERE pool_id = $1 AND group_name = $2 AND user_id = $3`, pool, group, user)
}

// Members lists the users of a group by sub, behind one.
func (tx *Tx) Members(pool, group, after string, limit int) ([]User, error) {
	return all(tx, scanUser, `SELECT `+userColumns+` FROM idp_users WHERE pool_id = $1 AND id IN
		(SELECT user_id FROM idp_group_members WHERE pool_id = $1 AND group_name = $2 AND user_id > $3 ORDER BY user_id LIMIT $4)
		ORDER BY id`, pool, group, after, limit)
}

// GroupsOf returns the groups of a user, strongest first: lowest precedence, then name; those without precedence last.
func (tx *Tx) GroupsOf(pool, user string) ([]Group, error) {
	return all(tx, scanGroup, `SELECT `+groupColumns+` FROM idp_groups g JOIN idp_group_members m
		ON m.pool_id = g.pool_id AND m.group_name = g.name WHERE m.pool_id = $1 AND m.user_id = $2
		ORDER BY CASE WHEN g.precedence IS NULL THEN 1 ELSE 0 END, g.precedence, g.name`, pool, user)
}

package store

import "time"

// Message is a mail or text message that was composed for a user.
type Message struct {
	ID             string // sorts by time
	PoolID, UserID string
	Username       string
	Medium         string // EMAIL or SMS
	To             string
	Subject, Body  string
	Code           string // the code or temporary password in it, for tests; "" for none
	Kind           string // what for: SignUp, ForgotPassword, AdminCreateUser, …
	Created        time.Time
}

const messageColumns = `id, pool_id, user_id, username, medium, recipient, subject, body, code, kind, created`

func scanMessage(r row) (m Message, err error) {
	err = r.Scan(&m.ID, &m.PoolID, &m.UserID, &m.Username, &m.Medium, &m.To, &m.Subject, &m.Body, &m.Code, &m.Kind, (*millis)(&m.Created))
	return m, err
}

// InsertMessage stores a message.
func (tx *Tx) InsertMessage(m Message) error {
	return tx.insert(`INSERT INTO idp_outbox (`+messageColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		m.ID, m.PoolID, m.UserID, m.Username, m.Medium, m.To, m.Subject, m.Body, m.Code, m.Kind, millis(m.Created))
}

// Messages lists messages of a pool ("" for all), to a recipient ("" for any), behind an id, oldest first.
func (tx *Tx) Messages(pool, to, after string, limit int) ([]Message, error) {
	return all(tx, scanMessage, `SELECT `+messageColumns+` FROM idp_outbox
		WHERE ($1 = '' OR pool_id = $1) AND ($2 = '' OR recipient = $2) AND id > $3 ORDER BY id LIMIT $4`, pool, to, after, limit)
}

// TrimOutbox removes messages of before a time.
func (tx *Tx) TrimOutbox(before time.Time) error {
	return tx.exec(`DELETE FROM idp_outbox WHERE created < $1`, millis(before))
}

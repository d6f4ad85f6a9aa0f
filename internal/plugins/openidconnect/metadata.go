package openidconnect

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/plugin"
)

// sessionPrefix begins the keys of session records in the state.
const sessionPrefix = "oidc:sessions:"

// sessionRecord is what session_store_metadata keeps of a session, for the list in the Admin API.
type sessionRecord struct {
	ID      string `json:"id"`
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
	Plugin  string `json:"plugin"`
	Created int64  `json:"created_at"` // seconds since 1970
	IP      string `json:"ip"`
	Agent   string `json:"user_agent"`
}

// index keeps a record of a new session, where session_store_metadata is set.
func (v *visit) index(g *grant) error {
	p := v.p
	if !p.SessionStoreMetadata || p.env.State == nil {
		return nil
	}
	iss, _ := g.id["iss"].(string)
	sub, _ := g.id["sub"].(string)
	shown := sub
	if p.SessionHashSubject {
		shown = keyText("subject", iss, sub)
	}
	agent := v.x.Request.Header.Get("User-Agent")
	text, err := json.Marshal(sessionRecord{ID: keyText("session", v.session.ID)[:24], Issuer: iss, Subject: shown, Plugin: p.env.ID,
		Created: v.session.Created.Unix(), IP: v.x.Client.IP.String(), Agent: agent[:min(len(agent), 200)]})
	if err != nil {
		return unexpected("recording the session", err)
	}
	key := sessionPrefix + keyText("subject", iss, sub)[:32] + ":" + keyText("session", v.session.ID)[:24]
	if err := p.env.State.Put(v.ctx, []byte(key), text, max(p.sessions.Left(v.session), time.Minute)); err != nil {
		p.env.Log.Warn("session not listed", "error", err)
	}
	return nil
}

// sessions answers the list of sessions, all or those of ?subject=…; a thousand at most.
func listSessions(env plugin.AdminEnv) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		subject, data := r.URL.Query().Get("subject"), []json.RawMessage{}
		err := env.State.Scan(r.Context(), []byte(sessionPrefix), func(key []byte) bool {
			text, err := env.State.Get(r.Context(), key)
			var record sessionRecord
			if err != nil || json.Unmarshal(text, &record) != nil || subject != "" && !strings.EqualFold(record.Subject, subject) {
				return true
			}
			data = append(data, text)
			return len(data) < 1000
		})
		if err != nil {
			answerJSON(w, http.StatusServiceUnavailable, map[string]any{"message": "the state of the gateway cannot be reached"})
			return
		}
		answerJSON(w, http.StatusOK, map[string]any{"data": data, "next": nil})
	}
}

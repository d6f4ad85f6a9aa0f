package idp

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/seed"
)

const maxSeed = 64 << 20

// extra serves what Cognito does not have, below /_gibbon/, to this machine: the outbox, the certificate authority, quickstarts, export
// and import of pools.
func (p *Provider) extra() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET "+extrasAt+"ready", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	m.Handle("GET "+extrasAt+"outbox", p.box.Handler(p.store))
	m.HandleFunc("GET "+extrasAt+"ca.pem", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-pem-file")
		w.Write(p.CA())
	})
	m.HandleFunc("POST "+extrasAt+"quickstart", func(w http.ResponseWriter, r *http.Request) {
		q, err := p.Quickstart(r.Context(), cmp.Or(r.URL.Query().Get("name"), "kongpool"))
		p.reply(w, r, q, err)
	})
	m.HandleFunc("GET "+extrasAt+"pools/{id}", func(w http.ResponseWriter, r *http.Request) {
		doc, err := p.seeder().Export(r.Context(), r.PathValue("id"))
		if err != nil {
			p.reply(w, r, nil, err)
			return
		}
		w.Header().Set("Content-Type", "application/yaml")
		w.Write(doc)
	})
	m.HandleFunc("POST "+extrasAt+"pools", func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSeed))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		made, err := p.seeder().Text(r.Context(), text)
		p.reply(w, r, made, err)
	})
	return m
}

// reply answers with JSON, or with an error's text.
func (p *Provider) reply(w http.ResponseWriter, r *http.Request, body any, err error) {
	w.Header().Set("Cache-Control", "no-store")
	var theirs *api.Error
	var wrong *seed.Errors
	switch {
	case errors.As(err, &wrong):
		http.Error(w, wrong.Error(), http.StatusBadRequest)
		return
	case api.ResourceNotFound.Is(err):
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	case errors.As(err, &theirs):
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	case err != nil:
		p.log.Error("provider: request failed", "path", r.URL.Path, "error", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // who asked is gone
}

package page

import (
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// asset serves what pages refer to: the style and script of every page, and a client's own.
func (v *visit) asset(name string) {
	h := v.w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if v.r.Method != http.MethodGet && v.r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		v.w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	var body []byte
	switch name {
	case "custom.css", "logo":
		css, image := v.custom(v.query.Get("client_id"))
		body = []byte(css)
		kind := "text/css; charset=utf-8"
		if name == "logo" {
			body, kind = image, http.DetectContentType(image)
			if !strings.HasPrefix(kind, "image/") {
				body = nil
			}
		}
		h.Set("Content-Type", kind)
		h.Set("Cache-Control", "no-cache")
	default:
		if !strings.Contains(name, "/") {
			body, _ = embedded.ReadFile("assets/" + name) // nil if there is none
		}
		h.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
		h.Set("Cache-Control", "public, max-age=3600")
	}
	if len(body) == 0 {
		h.Del("Cache-Control")
		http.Error(v.w, "not found", http.StatusNotFound)
		return
	}
	v.w.Write(body)
}

// customise adds what the pool's owner gave the pages.
func (v *visit) customise(page *View) {
	ui, err := v.Pools.Look(v.r.Context(), v.a.Pool.ID, v.a.Client.ClientID)
	if err != nil {
		v.Log.Warn("provider: customisation of pages could not be read", "pool", v.a.Pool.ID, "error", err)
		return
	}
	of := "?" + url.Values{"client_id": {v.a.Client.ClientID}, "v": {ui.CSSVersion}}.Encode()
	if ui.CSS != "" {
		page.Custom = assetPath + "/custom.css" + of
	}
	if len(ui.Image) > 0 {
		page.Logo = assetPath + "/logo" + of
	}
}

// custom returns a client's stylesheet and image; nothing for an unknown client.
func (v *visit) custom(client string) (css string, image []byte) {
	p, c, err := v.Pools.Client(v.r.Context(), client)
	if err != nil || v.at.Pool != nil && v.at.Pool.ID != p.ID {
		return "", nil
	}
	ui, err := v.Pools.Look(v.r.Context(), p.ID, c.ClientID)
	if err != nil {
		return "", nil
	}
	return ui.CSS, ui.Image
}

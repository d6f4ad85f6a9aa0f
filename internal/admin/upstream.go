package admin

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/schema"
)

// couple makes algorithm and hash_on of a change agree: each implies the other. The stored values of a document, which
// agree or were made so on purpose, are not asked.
func couple(changes map[string]any) {
	if algorithm := changes["algorithm"]; algorithm == "least-connections" || algorithm == "latency" {
		changes["hash_on"] = "none"
		return
	}
	switch on, given := changes["hash_on"]; {
	case given && on == nil:
		changes["hash_on"] = "none"
	case on == "none":
		changes["algorithm"] = "round-robin"
	case given:
		changes["algorithm"] = "consistent-hashing"
	}
}

// normalTarget returns the text of a target as it is stored: with a port.
func normalTarget(k *entity.Kind, target, upstream string) string {
	doc, errs := k.Prepare(map[string]any{"target": target, "upstream": map[string]any{"id": upstream}}, schema.Options{Op: insert})
	if s, ok := doc["target"].(string); ok && len(errs) == 0 {
		return s
	}
	return target
}

// mountUpstreams adds what upstreams and targets have beyond other kinds.
func (a *api) mountUpstreams() {
	upstreams, targets := entity.KindOf("upstreams"), entity.KindOf("targets")
	if upstreams == nil || targets == nil {
		return
	}
	p := place{kind: targets, parent: upstreams}
	for _, ref := range targets.Refs {
		if ref.To == upstreams.Name {
			p.ref = ref
		}
	}
	top := "/" + upstreams.Path + "/{" + upstreams.Name + "}"
	member := top + "/targets/{" + targets.Name + "}"
	a.on("PUT "+member, func(c *call) (reply, error) { return a.patch(c, p) })
	a.on("GET "+top+"/targets/all", func(c *call) (reply, error) { return a.list(c, p) })
	a.on("GET "+top+"/health", func(c *call) (reply, error) { return a.health(c, p) })
	if a.SetHealth == nil {
		return
	}
	for word, healthy := range map[string]bool{"healthy": true, "unhealthy": false} {
		set := func(c *call) (reply, error) { return a.setHealth(c, p, healthy) }
		a.on("PUT "+member+"/"+word, set)
		a.on("PUT "+member+"/{address}/"+word, set)
	}
}

// setHealth makes a target or one of its addresses healthy or unhealthy.
func (a *api) setHealth(c *call, p place, healthy bool) (reply, error) {
	var upstream, target string
	err := a.Store.View(c.r.Context(), func(tx store.Tx) error {
		var err error
		if upstream, err = p.above(tx, c); err != nil {
			return err
		}
		doc, err := p.member(tx, c, upstream)
		if err != nil {
			return absent(err)
		}
		target, _ = doc["target"].(string)
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	if err := a.SetHealth(upstream, target, c.params["address"], healthy); err != nil {
		return reply{}, fail(http.StatusBadRequest, err.Error())
	}
	return noContent, nil
}

// health answers with the targets of an upstream and what the balancer knows of them, or, with ?balancer_health=1, with the
// health of the whole.
func (a *api) health(c *call, p place) (reply, error) {
	upstream := &entity.Upstream{}
	l := listing{}
	answer := map[string]any{"node_id": a.NodeID}
	whole := c.query.Get("balancer_health") == "1"
	err := a.Store.View(c.r.Context(), func(tx store.Tx) error {
		raw, err := find(tx, p.parent, c.params[p.parent.Name])
		if err != nil {
			return absent(err)
		}
		doc, err := decode(raw)
		if err != nil {
			return err
		}
		if err := p.parent.Schema.Bind(doc, upstream); err != nil {
			return err
		}
		if whole {
			answer["data"], err = a.wholeHealth(tx, p, upstream)
			return err
		}
		page, err := a.page(tx, c, p, upstream.ID)
		if err != nil {
			return err
		}
		l = listing{Data: []any{}}
		for _, raw := range page.Docs {
			shown, _, err := a.targetHealth(p.kind, raw, upstream)
			if err != nil {
				return err
			}
			l.Data = append(l.Data, shown)
		}
		l.continues("/"+p.parent.Path+"/"+c.params[p.parent.Name]+"/health", page.Next, "")
		answer["data"], answer["next"] = l.Data, l.Next
		if l.Offset != "" {
			answer["offset"] = l.Offset
		}
		return nil
	})
	return ok(answer), err
}

// wholeHealth sums up the health of an upstream.
func (a *api) wholeHealth(tx store.Tx, p place, upstream *entity.Upstream) (map[string]any, error) {
	health, total, available := "HEALTHCHECKS_OFF", 0, 0
	for q := (store.Query{Size: maxSize, Ref: p.ref.Field, RefID: upstream.ID}); ; {
		page, err := tx.List(p.kind, q)
		if err != nil {
			return nil, err
		}
		for _, raw := range page.Docs {
			_, h, err := a.targetHealth(p.kind, raw, upstream)
			if err != nil {
				return nil, err
			}
			for _, address := range h.Addresses {
				total += address.Weight
				if address.Health != "UNHEALTHY" {
					available += address.Weight
				}
			}
			switch {
			case h.Health == "HEALTHY":
				health = "HEALTHY"
			case h.Health != "HEALTHCHECKS_OFF" && health == "HEALTHCHECKS_OFF":
				health = "UNHEALTHY"
			}
		}
		if page.Next == "" {
			break
		}
		q.After = page.Next
	}
	if total > 0 && health == "HEALTHY" && float64(available)*100/float64(total) < upstream.Healthchecks.Threshold {
		health = "UNHEALTHY"
	}
	return map[string]any{"id": upstream.ID, "health": health, "details": map[string]any{
		"weight": weights(total, available)}}, nil
}

func weights(total, available int) map[string]any {
	return map[string]any{"total": total, "available": available, "unavailable": total - available}
}

// targetHealth returns a target as /health shows it.
func (a *api) targetHealth(k *entity.Kind, raw json.RawMessage, upstream *entity.Upstream) (map[string]any, TargetHealth, error) {
	shown, err := decode(raw)
	if err != nil {
		return nil, TargetHealth{}, err
	}
	target := &entity.Target{}
	if err := k.Schema.Bind(shown, target); err != nil {
		return nil, TargetHealth{}, err
	}
	h := TargetHealth{Health: "HEALTHCHECKS_OFF"}
	if a.Health != nil {
		h = a.Health(upstream, target)
	}
	host, port, _ := net.SplitHostPort(target.Target)
	number, _ := strconv.Atoi(port)
	addresses, total, available := []any{}, 0, 0
	for _, address := range h.Addresses {
		addresses = append(addresses, map[string]any{"ip": address.IP, "port": address.Port, "weight": address.Weight,
			"health": address.Health})
		total += address.Weight
		if address.Health != "UNHEALTHY" {
			available += address.Weight
		}
	}
	shown["health"] = h.Health
	shown["data"] = map[string]any{"host": host, "port": number, "nodeWeight": target.Weight, "addresses": addresses,
		"weight": weights(total, available)}
	return shown, h, nil
}

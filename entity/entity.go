// Package entity holds the nouns: services, routes, consumers, … as plain structs, the table of their kinds, and Set, all
// entities at one version.
package entity

import "github.com/gibbon-gateway/gibbon/schema"

// Ref is a reference to another entity.
type Ref struct {
	ID string `json:"id"`
}

// Service is an upstream API.
type Service struct {
	ID, Name, Protocol, Host, Path string
	Port                           int
}

// Route sends requests to a service.
type Route struct {
	ID, Name                               string
	Protocols, Methods, Hosts, Paths, SNIs []string
	Headers                                map[string][]string
	HTTPSRedirectStatusCode, RegexPriority int
	StripPath, PreserveHost                bool
	PathHandling                           string
	Service                                *Ref
}

// Problem is an object that was left out, and why.
type Problem struct {
	Kind, ID string
	Err      error
}

// Consumer is a client of the gateway.
type Consumer struct{ ID, Username, CustomID string }

// Kind describes one kind of entity.
type Kind struct {
	Name   string
	Schema *schema.Schema
}

// Set holds all entities at one version.
type Set struct{ Version uint64 }

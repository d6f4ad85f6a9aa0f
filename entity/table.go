package entity

// core are the kinds that are there without any plugin, those that are referred to first.
var core = []*Kind{
	NewKind[Certificate](Kind{
		Name: "certificates", Path: "certificates", Schema: certificateSchema(),
		After: dropSNIs,
	}),
	NewKind[CACertificate](Kind{
		Name: "ca_certificates", Path: "ca_certificates", Schema: caCertificateSchema(), Unique: [][]string{{"cert_digest"}},
		After: digestCA,
	}),
	NewKind[Service](Kind{
		Name: "services", Path: "services", Endpoint: "name", Schema: serviceSchema(), Unique: [][]string{{"name"}},
		Refs: []Reference{
			{Field: "client_certificate", To: "certificates", Nested: "services"},
		},
		Before: expandURL,
	}),
	NewKind[Route](Kind{
		Name: "routes", Path: "routes", Endpoint: "name", Schema: routeSchema(), Unique: [][]string{{"name"}},
		Refs: []Reference{
			{Field: "service", To: "services", Nested: "routes"},
		},
		Before: stripNothing,
	}),
	NewKind[Consumer](Kind{
		Name: "consumers", Path: "consumers", Endpoint: "username", Schema: consumerSchema(),
		Unique: [][]string{{"username"}, {"custom_id"}}, Aliases: []string{"custom_id"},
	}),
	NewKind[ConsumerGroup](Kind{
		Name: "consumer_groups", Path: "consumer_groups", Endpoint: "name", Schema: consumerGroupSchema(), Unique: [][]string{{"name"}},
	}),
	NewKind[Member](Kind{
		Name: "consumer_group_consumers", Path: "consumer_group_consumers", Schema: memberSchema(), Unique: [][]string{{"consumer", "consumer_group"}},
		Refs: []Reference{
			{Field: "consumer", To: "consumers", Cascade: true},
			{Field: "consumer_group", To: "consumer_groups", Cascade: true},
		},
		After: identifyMember, Derived: true, Nested: true,
	}),
	NewKind[Upstream](Kind{
		Name: "upstreams", Path: "upstreams", Endpoint: "name", Schema: upstreamSchema(), Unique: [][]string{{"name"}},
		Refs: []Reference{
			{Field: "client_certificate", To: "certificates", Nested: "upstreams"},
		},
		Before: coupleHashing,
	}),
	NewKind[Target](Kind{
		Name: "targets", Path: "targets", Endpoint: "target", Schema: targetSchema(), Unique: [][]string{{"upstream", "target"}},
		Refs: []Reference{
			{Field: "upstream", To: "upstreams", Nested: "targets", Cascade: true, Fixed: true},
		},
		After: formatTarget, Within: "target", NewestFirst: true, Nested: true,
	}),
	NewKind[SNI](Kind{
		Name: "snis", Path: "snis", Endpoint: "name", Schema: sniSchema(), Unique: [][]string{{"name"}},
		Refs: []Reference{
			{Field: "certificate", To: "certificates", Nested: "snis", Cascade: true, NoPath: true},
		},
	}),
	NewKind[Plugin](Kind{
		Name: "plugins", Path: "plugins", Endpoint: "instance_name", Schema: pluginSchema(),
		Unique: [][]string{{"instance_name"}, {"name", "route", "service", "consumer", "consumer_group"}},
		Refs: []Reference{
			{Field: "route", To: "routes", Nested: "plugins", Cascade: true},
			{Field: "service", To: "services", Nested: "plugins", Cascade: true},
			{Field: "consumer", To: "consumers", Nested: "plugins", Cascade: true},
			{Field: "consumer_group", To: "consumer_groups", Nested: "plugins", Cascade: true, Sparse: true},
		},
	}),
}

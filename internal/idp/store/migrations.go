package store

// migrations bring the tables into shape, in order; each runs once. They serve both databases: {bytes} is the type of byte strings, {C}
// makes a text column compare by its bytes. A migration that was released never changes; add another at the end.
//
// Conventions: times are milliseconds since 1970, 0 for none; booleans are 0 or 1; doc is JSON of the package above. Everything in a pool
// refers to it with ON DELETE CASCADE.
var migrations = []string{
	// 1: pools, clients, domains, resource servers, keys
	`CREATE TABLE idp_server_secrets (name TEXT PRIMARY KEY, value {bytes} NOT NULL);
	CREATE TABLE idp_pools (id TEXT {C} PRIMARY KEY, region TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL,
		created BIGINT NOT NULL, modified BIGINT NOT NULL);
	CREATE INDEX idp_pools_region ON idp_pools (region, id);
	CREATE TABLE idp_clients (id TEXT {C} PRIMARY KEY, pool_id TEXT {C} NOT NULL REFERENCES idp_pools ON DELETE CASCADE, name TEXT NOT NULL,
		doc TEXT NOT NULL, created BIGINT NOT NULL, modified BIGINT NOT NULL);
	CREATE INDEX idp_clients_pool ON idp_clients (pool_id, id);
	CREATE TABLE idp_client_secrets (id TEXT PRIMARY KEY, client_id TEXT {C} NOT NULL REFERENCES idp_clients ON DELETE CASCADE,
		value {bytes} NOT NULL, created BIGINT NOT NULL);
	CREATE INDEX idp_client_secrets_client ON idp_client_secrets (client_id);
	CREATE TABLE idp_domains (name TEXT PRIMARY KEY, pool_id TEXT {C} NOT NULL REFERENCES idp_pools ON DELETE CASCADE, custom INTEGER NOT NULL,
		doc TEXT NOT NULL, created BIGINT NOT NULL);
	CREATE INDEX idp_domains_pool ON idp_domains (pool_id);
	CREATE TABLE idp_resource_servers (pool_id TEXT {C} NOT NULL REFERENCES idp_pools ON DELETE CASCADE, identifier TEXT {C} NOT NULL,
		name TEXT NOT NULL, scopes TEXT NOT NULL, PRIMARY KEY (pool_id, identifier));
	CREATE TABLE idp_keys (kid TEXT PRIMARY KEY, pool_id TEXT {C} REFERENCES idp_pools ON DELETE CASCADE, use_for TEXT NOT NULL,
		current INTEGER NOT NULL, private {bytes} NOT NULL, created BIGINT NOT NULL);
	CREATE INDEX idp_keys_pool ON idp_keys (pool_id)`,

	// 2: users and groups
	`CREATE TABLE idp_users (pool_id TEXT {C} NOT NULL REFERENCES idp_pools ON DELETE CASCADE, id TEXT {C} NOT NULL, username TEXT NOT NULL,
		username_key TEXT {C} NOT NULL, status TEXT NOT NULL, enabled INTEGER NOT NULL, attributes TEXT NOT NULL, doc TEXT NOT NULL,
		hash TEXT NOT NULL, salt {bytes}, verifier {bytes}, password_set BIGINT NOT NULL, failures INTEGER NOT NULL,
		locked_until BIGINT NOT NULL, signed_out BIGINT NOT NULL, created BIGINT NOT NULL, modified BIGINT NOT NULL,
		PRIMARY KEY (pool_id, id), UNIQUE (pool_id, username_key));
	CREATE TABLE idp_user_aliases (pool_id TEXT {C} NOT NULL, kind TEXT NOT NULL, alias_key TEXT {C} NOT NULL, user_id TEXT {C} NOT NULL,
		PRIMARY KEY (pool_id, kind, alias_key), FOREIGN KEY (pool_id, user_id) REFERENCES idp_users ON DELETE CASCADE);
	CREATE INDEX idp_user_aliases_user ON idp_user_aliases (pool_id, user_id);
	CREATE TABLE idp_user_search (pool_id TEXT {C} NOT NULL, name TEXT NOT NULL, value TEXT {C} NOT NULL, user_id TEXT {C} NOT NULL,
		PRIMARY KEY (pool_id, user_id, name), FOREIGN KEY (pool_id, user_id) REFERENCES idp_users ON DELETE CASCADE);
	CREATE INDEX idp_user_search_value ON idp_user_search (pool_id, name, value, user_id);
	CREATE TABLE idp_groups (pool_id TEXT {C} NOT NULL REFERENCES idp_pools ON DELETE CASCADE, name TEXT {C} NOT NULL, description TEXT NOT NULL,
		role TEXT NOT NULL, precedence INTEGER, created BIGINT NOT NULL, modified BIGINT NOT NULL, PRIMARY KEY (pool_id, name));
	CREATE TABLE idp_group_members (pool_id TEXT {C} NOT NULL, group_name TEXT {C} NOT NULL, user_id TEXT {C} NOT NULL,
		PRIMARY KEY (pool_id, group_name, user_id),
		FOREIGN KEY (pool_id, group_name) REFERENCES idp_groups ON DELETE CASCADE,
		FOREIGN KEY (pool_id, user_id) REFERENCES idp_users ON DELETE CASCADE);
	CREATE INDEX idp_group_members_user ON idp_group_members (pool_id, user_id)`,

	// 3: sign-ins and messages
	`CREATE TABLE idp_grants (id TEXT PRIMARY KEY, pool_id TEXT {C} NOT NULL, client_id TEXT {C} NOT NULL REFERENCES idp_clients ON DELETE CASCADE,
		user_id TEXT {C} NOT NULL, event_id TEXT NOT NULL, scope TEXT NOT NULL, doc TEXT NOT NULL, auth_time BIGINT NOT NULL,
		expires BIGINT NOT NULL, revoked INTEGER NOT NULL, FOREIGN KEY (pool_id, user_id) REFERENCES idp_users ON DELETE CASCADE);
	CREATE INDEX idp_grants_user ON idp_grants (pool_id, user_id);
	CREATE INDEX idp_grants_client ON idp_grants (client_id);
	CREATE INDEX idp_grants_expires ON idp_grants (expires);
	CREATE TABLE idp_refresh_tokens (hash TEXT PRIMARY KEY, grant_id TEXT NOT NULL REFERENCES idp_grants ON DELETE CASCADE,
		created BIGINT NOT NULL, replaced BIGINT NOT NULL);
	CREATE INDEX idp_refresh_tokens_grant ON idp_refresh_tokens (grant_id);
	CREATE TABLE idp_sessions (hash TEXT PRIMARY KEY, pool_id TEXT {C} NOT NULL REFERENCES idp_pools ON DELETE CASCADE, client_id TEXT {C} NOT NULL,
		user_id TEXT NOT NULL, kind TEXT NOT NULL, state {bytes} NOT NULL, expires BIGINT NOT NULL, used INTEGER NOT NULL);
	CREATE INDEX idp_sessions_pool ON idp_sessions (pool_id);
	CREATE INDEX idp_sessions_expires ON idp_sessions (expires);
	CREATE TABLE idp_codes (pool_id TEXT {C} NOT NULL, user_id TEXT {C} NOT NULL, purpose TEXT NOT NULL, value TEXT NOT NULL, doc TEXT NOT NULL,
		failures INTEGER NOT NULL, expires BIGINT NOT NULL, PRIMARY KEY (pool_id, user_id, purpose),
		FOREIGN KEY (pool_id, user_id) REFERENCES idp_users ON DELETE CASCADE);
	CREATE INDEX idp_codes_expires ON idp_codes (expires);
	CREATE TABLE idp_outbox (id TEXT {C} PRIMARY KEY, pool_id TEXT {C} NOT NULL REFERENCES idp_pools ON DELETE CASCADE, user_id TEXT NOT NULL,
		username TEXT NOT NULL, medium TEXT NOT NULL, recipient TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, code TEXT NOT NULL,
		kind TEXT NOT NULL, created BIGINT NOT NULL);
	CREATE INDEX idp_outbox_pool ON idp_outbox (pool_id, id)`,

	// 4: what else belongs to pools and users
	`CREATE TABLE idp_pool_objects (pool_id TEXT {C} NOT NULL REFERENCES idp_pools ON DELETE CASCADE, kind TEXT NOT NULL, id TEXT {C} NOT NULL,
		doc TEXT NOT NULL, created BIGINT NOT NULL, modified BIGINT NOT NULL, PRIMARY KEY (pool_id, kind, id));
	CREATE TABLE idp_user_objects (pool_id TEXT {C} NOT NULL, user_id TEXT {C} NOT NULL, kind TEXT NOT NULL, id TEXT {C} NOT NULL,
		doc TEXT NOT NULL, created BIGINT NOT NULL, modified BIGINT NOT NULL, PRIMARY KEY (pool_id, user_id, kind, id),
		FOREIGN KEY (pool_id, user_id) REFERENCES idp_users ON DELETE CASCADE)`,
}

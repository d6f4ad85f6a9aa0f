package sqlstore

// migrations bring the tables into shape, in order; each runs once. They serve both databases: {bytes} is the type of byte strings, {C}
// makes a text column compare by its bytes. A migration that was released never changes; add another at the end.
//
// config_documents holds the documents. expires is in milliseconds since 1970, 0 for never; created in microseconds, changed in
// milliseconds. There is one workspace so far. config_refs, config_uniques and config_tags are indexes of what documents say, and go
// with them. config_version has one row: it moves with every change. config_changes says for the latest versions which documents each has
// changed, and has for each version one mark made by chance, by which a database is told from another of the same version. A row without
// kind means that everything may have changed.
var migrations = []string{
	`CREATE TABLE config_documents (kind TEXT {C} NOT NULL, id TEXT {C} NOT NULL, workspace TEXT NOT NULL DEFAULT 'default',
		doc TEXT NOT NULL, created BIGINT NOT NULL, changed BIGINT NOT NULL, expires BIGINT NOT NULL,
		PRIMARY KEY (kind, id));
	CREATE INDEX config_documents_created ON config_documents (kind, created, id);
	CREATE INDEX config_documents_expires ON config_documents (expires) WHERE expires > 0;

	CREATE TABLE config_refs (kind TEXT {C} NOT NULL, id TEXT {C} NOT NULL, field TEXT {C} NOT NULL, to_kind TEXT {C} NOT NULL,
		to_id TEXT {C} NOT NULL, PRIMARY KEY (kind, id, field),
		FOREIGN KEY (kind, id) REFERENCES config_documents (kind, id) ON DELETE CASCADE);
	CREATE INDEX config_refs_of ON config_refs (to_kind, to_id, kind, field, id);

	CREATE TABLE config_uniques (kind TEXT {C} NOT NULL, fields TEXT {C} NOT NULL, value TEXT {C} NOT NULL, id TEXT {C} NOT NULL,
		PRIMARY KEY (kind, fields, value),
		FOREIGN KEY (kind, id) REFERENCES config_documents (kind, id) ON DELETE CASCADE);
	CREATE INDEX config_uniques_of ON config_uniques (kind, id);

	CREATE TABLE config_tags (tag TEXT {C} NOT NULL, kind TEXT {C} NOT NULL, id TEXT {C} NOT NULL, PRIMARY KEY (tag, kind, id),
		FOREIGN KEY (kind, id) REFERENCES config_documents (kind, id) ON DELETE CASCADE);
	CREATE INDEX config_tags_of ON config_tags (kind, id);

	CREATE TABLE config_version (one INTEGER PRIMARY KEY, version BIGINT NOT NULL);
	INSERT INTO config_version (one, version) VALUES (1, 0);
	CREATE TABLE config_secrets (name TEXT {C} PRIMARY KEY, value {bytes} NOT NULL)`,

	`CREATE TABLE config_changes (version BIGINT NOT NULL, mark BIGINT NOT NULL, kind TEXT {C} NOT NULL, id TEXT {C} NOT NULL,
		PRIMARY KEY (version, kind, id));
	INSERT INTO config_changes (version, mark, kind, id) SELECT version, 0, '', '' FROM config_version`,
}

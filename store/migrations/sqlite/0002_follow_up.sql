-- Whether a committed page asked for a sweep that was not yet made, and why the last one could not be.
ALTER TABLE sources ADD COLUMN sweep_due INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN frozen TEXT;

-- The names that documents of the directory had since the graph projection last handled them: what was understood by one of
-- these must be understood anew.
CREATE TABLE former_names (
    document INTEGER NOT NULL REFERENCES documents (number),
    name     TEXT NOT NULL,
    PRIMARY KEY (document, name)
) STRICT, WITHOUT ROWID;
DROP INDEX documents_directory;
CREATE INDEX documents_directory ON documents (kind) WHERE kind IN ('project', 'repository', 'channel', 'space') AND hash IS NOT NULL;

-- Who could not take the item: 'read' the connector, 'store' the commit, 'index' or 'graph' a projection.
ALTER TABLE dead_letters ADD COLUMN stage TEXT NOT NULL DEFAULT 'read';

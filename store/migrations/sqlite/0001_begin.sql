-- Marks the file as ours ("NSYN"), so that another program's database is never migrated by mistake.
PRAGMA application_id = 1314085198;

-- A removed source keeps its row: its revisions must go on growing if it is added again.
CREATE TABLE sources (
    number    INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    connector TEXT NOT NULL,
    settings  TEXT NOT NULL,
    added     INTEGER NOT NULL,
    removed   INTEGER NOT NULL DEFAULT 0,
    revision  INTEGER NOT NULL DEFAULT 0,
    cursor    TEXT,
    last_sync INTEGER,
    chunks    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Live documents per kind.
CREATE TABLE source_kinds (
    source    INTEGER NOT NULL REFERENCES sources (number),
    kind      TEXT NOT NULL,
    documents INTEGER NOT NULL,
    PRIMARY KEY (source, kind)
) STRICT, WITHOUT ROWID;

-- Access labels are never deleted or renumbered: tombstones and statistics refer to them.
CREATE TABLE labels (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE
) STRICT;

-- A tombstone has no hash, sha and body; what it was and its key stay, for whoever must undo what followed from it. `sha` is the full hash of a commit document.
CREATE TABLE documents (
    number   INTEGER PRIMARY KEY,
    id       BLOB NOT NULL UNIQUE,
    source   INTEGER NOT NULL REFERENCES sources (number),
    revision INTEGER NOT NULL,
    label    INTEGER NOT NULL REFERENCES labels (number),
    kind     TEXT NOT NULL,
    hash     BLOB,
    key      TEXT,
    sha      TEXT,
    body     TEXT,
    UNIQUE (source, revision)
) STRICT;
CREATE INDEX documents_key ON documents (key) WHERE key IS NOT NULL;
CREATE INDEX documents_sha ON documents (sha) WHERE sha IS NOT NULL;
CREATE INDEX documents_directory ON documents (kind) WHERE kind IN ('project', 'repository') AND hash IS NOT NULL;

CREATE TABLE aliases (
    name     TEXT NOT NULL,
    document INTEGER NOT NULL REFERENCES documents (number),
    PRIMARY KEY (name, document)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_document ON aliases (document);

-- `readers` is the whole rule; `scope` and the principals below repeat it for the visibility query.
CREATE TABLE access_rules (
    label     INTEGER PRIMARY KEY REFERENCES labels (number),
    source    INTEGER NOT NULL REFERENCES sources (number),
    container TEXT NOT NULL,
    scope     TEXT NOT NULL CHECK (scope IN ('public', 'source', 'principals')),
    readers   TEXT NOT NULL
) STRICT;
CREATE INDEX access_rules_source ON access_rules (source);

CREATE TABLE access_principals (
    principal TEXT NOT NULL,
    label     INTEGER NOT NULL REFERENCES access_rules (label) ON DELETE CASCADE,
    PRIMARY KEY (principal, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX access_principals_label ON access_principals (label);

-- Several sources may tell of one account, each in its own row.
CREATE TABLE accounts (
    id     TEXT NOT NULL,
    source INTEGER NOT NULL REFERENCES sources (number),
    body   TEXT NOT NULL,
    PRIMARY KEY (id, source)
) STRICT;

-- Id, login, names and e-mails of each account, in lower case.
CREATE TABLE account_names (
    name    TEXT NOT NULL,
    account TEXT NOT NULL,
    source  INTEGER NOT NULL REFERENCES sources (number),
    PRIMARY KEY (name, account, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_names_account ON account_names (account, source);

CREATE TABLE dead_letters (
    source INTEGER NOT NULL REFERENCES sources (number),
    item   TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (source, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
    name    TEXT NOT NULL PRIMARY KEY,
    token   INTEGER NOT NULL,
    holder  TEXT NOT NULL,
    expires INTEGER NOT NULL
) STRICT;

CREATE TABLE positions (
    projection TEXT NOT NULL,
    source     INTEGER NOT NULL REFERENCES sources (number),
    position   INTEGER NOT NULL,
    PRIMARY KEY (projection, source)
) STRICT, WITHOUT ROWID;

-- One row per indexed document. `terms` is what it counts for in the statistics of `label`; `body` its chunks as JSON.
CREATE TABLE indexed (
    document INTEGER PRIMARY KEY REFERENCES documents (number),
    label    INTEGER NOT NULL REFERENCES labels (number),
    chunks   INTEGER NOT NULL,
    terms    BLOB NOT NULL,
    body     TEXT NOT NULL
) STRICT;

CREATE TABLE label_chunks (
    label  INTEGER PRIMARY KEY REFERENCES labels (number),
    chunks INTEGER NOT NULL
) STRICT;

-- How many chunks of a label hold a term.
CREATE TABLE label_terms (
    term   INTEGER NOT NULL,
    label  INTEGER NOT NULL,
    chunks INTEGER NOT NULL,
    PRIMARY KEY (term, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE mentions (
    name     TEXT NOT NULL,
    document INTEGER NOT NULL REFERENCES documents (number),
    PRIMARY KEY (name, document)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_document ON mentions (document);

CREATE TABLE models (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE
) STRICT;

-- The embedding cache: little-endian f32 values by the SHA-256 of the text.
CREATE TABLE embeddings (
    number INTEGER PRIMARY KEY,
    model  INTEGER NOT NULL REFERENCES models (number),
    hash   BLOB NOT NULL,
    vector BLOB NOT NULL,
    UNIQUE (model, hash)
) STRICT;

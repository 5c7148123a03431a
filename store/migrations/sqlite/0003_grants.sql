-- Nothing here can be read without the wrapping key, which is not in this file.
CREATE TABLE tenant_keys (
    tenant  TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- A removed grant keeps its row: whoever still holds an older version must not bring it back.
CREATE TABLE grants (
    tenant  TEXT NOT NULL,
    name    TEXT NOT NULL,
    version INTEGER NOT NULL,
    sealed  BLOB,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- `state` is a hash: whoever reads the file cannot finish an authorization with it.
CREATE TABLE pending_authorizations (
    state   BLOB NOT NULL PRIMARY KEY,
    sealed  BLOB NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_authorizations_expires ON pending_authorizations (expires);

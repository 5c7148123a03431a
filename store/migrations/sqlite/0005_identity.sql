-- Who took part in what, as documents show it: what persons are resolved from. Belongs to the graph projection. `label` is the
-- document's when it was read; `also` that of the entry by which its text was understood, or `label` once more.
CREATE TABLE took_part (
    account  TEXT NOT NULL,
    role     INTEGER NOT NULL,
    subject  TEXT NOT NULL,
    document INTEGER NOT NULL REFERENCES documents (number),
    label    INTEGER NOT NULL REFERENCES labels (number),
    also     INTEGER NOT NULL REFERENCES labels (number),
    PRIMARY KEY (account, role, subject, document, also)
) STRICT, WITHOUT ROWID;
CREATE INDEX took_part_document ON took_part (document);

-- The last decision about each pair of accounts, the smaller id first.
CREATE TABLE identity_decisions (
    a       TEXT NOT NULL,
    b       TEXT NOT NULL,
    number  INTEGER NOT NULL UNIQUE,
    verdict TEXT NOT NULL CHECK (verdict IN ('claim', 'merge', 'split')),
    PRIMARY KEY (a, b)
) STRICT, WITHOUT ROWID;

-- The imported directory, a line a row.
CREATE TABLE identity_directory (
    line INTEGER PRIMARY KEY,
    body TEXT NOT NULL
) STRICT;

-- Grows with everything that persons are resolved from.
CREATE TABLE identity_version (version INTEGER NOT NULL) STRICT;
INSERT INTO identity_version (version) VALUES (1);

-- What is in the graph says nothing of who took part: it is projected once more.
DELETE FROM positions WHERE projection = 'graph';

-- When what is gone was last told, and when a webhook last said that there is something new.
ALTER TABLE sources ADD COLUMN last_census INTEGER;
ALTER TABLE sources ADD COLUMN hinted INTEGER;

-- Deliveries of webhooks, so that each counts once, also after a restart.
CREATE TABLE deliveries (
    source  INTEGER NOT NULL REFERENCES sources (number),
    name    TEXT NOT NULL,
    arrived INTEGER NOT NULL,
    PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_arrived ON deliveries (arrived);

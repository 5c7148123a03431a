-- Whether a committed page asked for a sweep that was not yet made, and why the last one could not be.
ALTER TABLE sources ADD COLUMN sweep_due INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN frozen TEXT;

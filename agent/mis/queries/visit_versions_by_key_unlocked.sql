-- The same, past the rows that somebody holds a lock on.
-- requires: ID RowVersion
SELECT r.ID, r.RowVersion
FROM dbo.Receptions AS r WITH (READPAST)
WHERE r.ID IN (?)

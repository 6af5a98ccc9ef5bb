-- The same, past the rows that somebody holds a lock on.
-- requires: ID RowVersion
SELECT TOP 1000 r.ID, r.RowVersion
FROM dbo.Receptions AS r WITH (READPAST)
WHERE r.RowVersion >= ?
ORDER BY r.RowVersion

-- Which visits have a rowversion from one on; only where an index finds them.
-- requires: ID RowVersion
SELECT TOP 1000 r.ID, r.RowVersion
FROM dbo.Receptions AS r
WHERE r.RowVersion >= ?
ORDER BY r.RowVersion

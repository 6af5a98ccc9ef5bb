-- Which visits there are from a key on, and in which version.
-- requires: ID RowVersion
SELECT r.ID, r.RowVersion
FROM dbo.Receptions AS r
WHERE r.ID >= ?

-- In which version some visits stand.
-- requires: ID RowVersion
SELECT r.ID, r.RowVersion
FROM dbo.Receptions AS r
WHERE r.ID IN (?)

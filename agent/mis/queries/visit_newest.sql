-- The greatest key of a visit.
SELECT MAX(r.ID) AS Newest
FROM dbo.Receptions AS r

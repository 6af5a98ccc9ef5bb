-- Which visits' orders changed: a hint only.
-- requires: ID ID_Receptions
SELECT o.ID, o.DateTimeAdded, o.DateTimeChanged, o.ID_Receptions
FROM dbo.Orders AS o
WHERE o.ID >= ? AND o.ID_Receptions IS NOT NULL AND (o.DateTimeAdded >= ? OR o.DateTimeChanged >= ?)

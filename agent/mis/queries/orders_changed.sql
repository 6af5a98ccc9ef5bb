-- Which orders changed, and whose they are: a hint only.
-- requires: ID ID_Receptions
SELECT o.ID, o.DateTimeAdded, o.DateTimeChanged, o.ID_Receptions, o.ID_Patients
FROM dbo.Orders AS o
WHERE o.ID >= ? AND (o.DateTimeAdded >= ? OR o.DateTimeChanged >= ?)

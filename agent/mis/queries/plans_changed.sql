-- Which treatment plans changed: a hint only.
-- requires: ID
SELECT p.ID, p.DateTimeAdded, p.DateTimeChanged
FROM dbo.TreatmentPlans AS p
WHERE p.ID >= ? AND (p.DateTimeAdded >= ? OR p.DateTimeChanged >= ?)

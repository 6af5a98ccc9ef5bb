-- Which patients' cards changed: a hint only.
-- requires: ID_Persons
SELECT p.ID_Persons, p.DateTimeChanged
FROM dbo.Patients AS p
WHERE p.ID_Persons >= ? AND p.DateTimeChanged >= ?

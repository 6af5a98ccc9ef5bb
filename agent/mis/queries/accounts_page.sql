-- The same, of a page of patients in the order of their keys.
-- requires: ID_Persons
SELECT TOP 200 p.ID_Persons, p.InitialBalance
FROM dbo.Patients AS p
WHERE p.ID_Persons > ?
ORDER BY p.ID_Persons

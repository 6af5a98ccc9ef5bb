-- What some patients' money began with.
-- requires: ID_Persons
SELECT p.ID_Persons, p.InitialBalance
FROM dbo.Patients AS p
WHERE p.ID_Persons IN (?)

-- Whose some treatment plans are.
-- requires: ID
SELECT TOP 1000 p.ID, p.ID_Patients
FROM dbo.TreatmentPlans AS p
WHERE p.ID > ?
ORDER BY p.ID

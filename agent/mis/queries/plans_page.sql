-- A page of treatment plans in the order of their keys.
-- requires: ID ID_Patients IsActive
SELECT TOP 200 p.ID, p.ID_Patients, p.IsActive
FROM dbo.TreatmentPlans AS p
WHERE p.ID > ?
ORDER BY p.ID

-- Treatment plans by their keys.
-- requires: ID ID_Patients IsActive
SELECT p.ID, p.ID_Patients, p.IsActive
FROM dbo.TreatmentPlans AS p
WHERE p.ID IN (?)

-- The greatest key.
SELECT MAX(p.ID) AS Newest
FROM dbo.TreatmentPlans AS p

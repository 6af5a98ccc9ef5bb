-- The greatest key.
SELECT MAX(planned.ID) AS Newest
FROM dbo.TreatmentPlanElementRelations AS planned

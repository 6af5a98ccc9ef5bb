-- Of which plans some services are.
-- requires: ID
SELECT TOP 1000 planned.ID, planned.ID_TreatmentPlans
FROM dbo.TreatmentPlanElementRelations AS planned
WHERE planned.ID > ?
ORDER BY planned.ID

-- Which services of treatment plans changed, and of which plans they are: a hint only.
-- requires: ID ID_TreatmentPlans
SELECT planned.ID, planned.DateTimeAdded, planned.DateTimeChanged, planned.ID_TreatmentPlans
FROM dbo.TreatmentPlanElementRelations AS planned
WHERE planned.ID >= ? AND (planned.DateTimeAdded >= ? OR planned.DateTimeChanged >= ?)

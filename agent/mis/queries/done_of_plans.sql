-- Which services of some treatment plans stand in an order.
-- requires: ID_TreatmentPlanElementRelations
SELECT line.ID_TreatmentPlanElementRelations
FROM dbo.OrderServiceRelation AS line
INNER JOIN dbo.TreatmentPlanElementRelations AS planned ON planned.ID = line.ID_TreatmentPlanElementRelations
WHERE planned.ID_TreatmentPlans IN (?)

-- Which services of treatment plans stand in an order.
-- requires: ID_TreatmentPlanElementRelations
SELECT line.ID_TreatmentPlanElementRelations
FROM dbo.OrderServiceRelation AS line
WHERE line.ID_TreatmentPlanElementRelations IN (?)

-- The services of some treatment plans, with their prices.
-- requires: ID ID_TreatmentPlans DiscountSum Price
SELECT planned.ID, planned.ID_TreatmentPlans, planned.DiscountSum, price.Price
FROM dbo.TreatmentPlanElementRelations AS planned
LEFT JOIN dbo.ServiceItemPrices AS price ON price.ID = planned.ID_ServicePrices
WHERE planned.ID_TreatmentPlans IN (?)

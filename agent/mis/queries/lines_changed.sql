-- Which lines of orders changed, and whose they are: a hint only.
-- requires: ID ID_Receptions
SELECT
    line.ID, line.DateTimeAdded, line.DateTimeChanged, line.ID_TreatmentPlans, line.ID_Orders, line.ID_TreatmentPlanElementRelations,
    o.ID_Receptions, o.ID_Patients
FROM dbo.OrderServiceRelation AS line
INNER JOIN dbo.Orders AS o ON o.ID = line.ID_Orders
WHERE line.ID >= ? AND (line.DateTimeAdded >= ? OR line.DateTimeChanged >= ?)

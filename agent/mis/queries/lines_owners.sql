-- Of which orders, and of which services of plans, some lines are.
-- requires: ID
SELECT TOP 1000 line.ID, line.ID_Orders, line.ID_TreatmentPlanElementRelations
FROM dbo.OrderServiceRelation AS line
WHERE line.ID > ?
ORDER BY line.ID

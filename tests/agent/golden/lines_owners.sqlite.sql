SELECT line.ID, line.ID_Orders, line.ID_TreatmentPlanElementRelations FROM dbo.OrderServiceRelation AS line WHERE line.ID > @p0 ORDER BY line.ID LIMIT 1000

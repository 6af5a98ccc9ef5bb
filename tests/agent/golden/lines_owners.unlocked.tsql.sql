SELECT TOP 1000 line.ID, line.ID_Orders, line.ID_TreatmentPlanElementRelations FROM dbo.OrderServiceRelation AS line WITH (READPAST) WHERE line.ID > @p0 ORDER BY line.ID

SELECT line.ID_TreatmentPlanElementRelations FROM dbo.OrderServiceRelation AS line WHERE line.ID IN (@p0)

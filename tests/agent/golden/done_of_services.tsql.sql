SELECT line.ID_TreatmentPlanElementRelations FROM dbo.OrderServiceRelation AS line WHERE line.ID_TreatmentPlanElementRelations IN (@p0)

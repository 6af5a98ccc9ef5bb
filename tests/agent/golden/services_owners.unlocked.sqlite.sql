SELECT planned.ID, planned.ID_TreatmentPlans FROM dbo.TreatmentPlanElementRelations AS planned WHERE planned.ID > @p0 ORDER BY planned.ID LIMIT 1000

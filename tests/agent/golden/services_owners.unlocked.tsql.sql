SELECT TOP 1000 planned.ID, planned.ID_TreatmentPlans FROM dbo.TreatmentPlanElementRelations AS planned WITH (READPAST) WHERE planned.ID > @p0 ORDER BY planned.ID

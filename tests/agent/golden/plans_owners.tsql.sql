SELECT TOP 1000 p.ID, p.ID_Patients FROM dbo.TreatmentPlans AS p WHERE p.ID > @p0 ORDER BY p.ID

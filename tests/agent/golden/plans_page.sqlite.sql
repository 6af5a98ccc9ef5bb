SELECT p.ID, p.ID_Patients, p.IsActive FROM dbo.TreatmentPlans AS p WHERE p.ID > @p0 ORDER BY p.ID LIMIT 200

SELECT p.ID, p.ID_Patients, p.IsActive FROM dbo.TreatmentPlans AS p WHERE p.ID IN (@p0)

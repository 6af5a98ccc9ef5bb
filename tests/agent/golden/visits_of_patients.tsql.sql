SELECT r.ID, r.ID_Patients, r.PlanStart FROM dbo.Receptions AS r WHERE r.ID_Patients IN (@p0)

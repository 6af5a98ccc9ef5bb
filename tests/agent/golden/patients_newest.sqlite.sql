SELECT MAX(p.ID_Persons) AS Newest FROM dbo.Patients AS p

SELECT p.ID_Persons, p.InitialBalance FROM dbo.Patients AS p WHERE p.ID_Persons > @p0 ORDER BY p.ID_Persons LIMIT 200

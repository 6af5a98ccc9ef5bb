SELECT p.ID_Persons, p.DateTimeChanged FROM dbo.Patients AS p WHERE p.ID_Persons >= @p0 AND p.DateTimeChanged >= @p1

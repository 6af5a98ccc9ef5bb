SELECT p.ID, p.DateTimeAdded, p.DateTimeChanged FROM dbo.TreatmentPlans AS p WHERE p.ID >= @p0 AND (p.DateTimeAdded >= @p1 OR p.DateTimeChanged >= @p2)

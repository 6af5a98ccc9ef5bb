SELECT o.ID, o.DateTimeAdded, o.DateTimeChanged, o.ID_Receptions, o.ID_Patients FROM dbo.Orders AS o WHERE o.ID >= @p0 AND (o.DateTimeAdded >= @p1 OR o.DateTimeChanged >= @p2)

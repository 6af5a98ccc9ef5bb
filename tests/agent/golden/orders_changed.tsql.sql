SELECT o.ID, o.DateTimeAdded, o.DateTimeChanged, o.ID_Receptions FROM dbo.Orders AS o WHERE o.ID >= @p0 AND NOT o.ID_Receptions IS NULL AND (o.DateTimeAdded >= @p1 OR o.DateTimeChanged >= @p2)

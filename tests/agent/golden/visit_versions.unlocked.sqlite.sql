SELECT r.ID, r.RowVersion FROM dbo.Receptions AS r WHERE r.ID >= @p0

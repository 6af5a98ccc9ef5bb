SELECT r.ID, r.RowVersion FROM dbo.Receptions AS r WHERE r.RowVersion >= @p0 ORDER BY r.RowVersion LIMIT 1000

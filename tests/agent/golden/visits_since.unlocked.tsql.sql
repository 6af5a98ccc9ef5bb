SELECT TOP 1000 r.ID, r.RowVersion FROM dbo.Receptions AS r WITH (READPAST) WHERE r.RowVersion >= @p0 ORDER BY r.RowVersion

SELECT r.ID, r.RowVersion FROM dbo.Receptions AS r WITH (READPAST) WHERE r.ID IN (@p0)

SELECT r.ID, r.RowVersion FROM dbo.Receptions AS r WHERE r.ID IN (@p0)

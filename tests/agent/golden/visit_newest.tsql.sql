SELECT MAX(r.ID) AS Newest FROM dbo.Receptions AS r

SELECT TOP 8 r.ID, r.ReceptionAdded FROM dbo.Receptions AS r WITH (READPAST) WHERE NOT r.ReceptionAdded IS NULL ORDER BY r.ID

SELECT r.ID, r.ReceptionAdded FROM dbo.Receptions AS r WITH (READPAST) WHERE r.ID IN (@p0)

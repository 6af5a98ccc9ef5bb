SELECT r.ID, r.ReceptionAdded FROM dbo.Receptions AS r WHERE r.ID IN (@p0)

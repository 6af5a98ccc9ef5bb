SELECT r.ID, r.ReceptionAdded FROM dbo.Receptions AS r WHERE NOT r.ReceptionAdded IS NULL ORDER BY r.ID LIMIT 8

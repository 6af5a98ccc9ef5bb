SELECT TOP 1000 o.ID, o.ID_Receptions, o.ID_Patients FROM dbo.Orders AS o WHERE o.ID > @p0 ORDER BY o.ID

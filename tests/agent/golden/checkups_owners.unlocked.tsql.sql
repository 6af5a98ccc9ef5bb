SELECT TOP 1000 s.ID, s.ID_Patients FROM dbo.ScheduledReceptions AS s WITH (READPAST) WHERE s.ID > @p0 ORDER BY s.ID

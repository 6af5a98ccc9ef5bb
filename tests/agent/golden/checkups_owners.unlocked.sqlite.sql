SELECT s.ID, s.ID_Patients FROM dbo.ScheduledReceptions AS s WHERE s.ID > @p0 ORDER BY s.ID LIMIT 1000

SELECT MAX(s.ID) AS Newest FROM dbo.ScheduledReceptions AS s

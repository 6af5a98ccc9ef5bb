SELECT s.ID, s.DateTimeAdded, s.DateTimeChanged FROM dbo.ScheduledReceptions AS s WHERE s.ID >= @p0 AND (s.DateTimeAdded >= @p1 OR s.DateTimeChanged >= @p2)

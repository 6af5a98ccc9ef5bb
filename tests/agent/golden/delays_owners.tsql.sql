SELECT TOP 1000 delay.ID, delay.ID_ScheduledReceptions FROM dbo.DelayAppointments AS delay WHERE delay.ID > @p0 ORDER BY delay.ID

-- Of which tasks some delays are.
-- requires: ID
SELECT TOP 1000 delay.ID, delay.ID_ScheduledReceptions
FROM dbo.DelayAppointments AS delay
WHERE delay.ID > ?
ORDER BY delay.ID

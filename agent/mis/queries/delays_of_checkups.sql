-- Until when some tasks are put off.
-- requires: ID_ScheduledReceptions DateTimeDelay
SELECT delay.ID_ScheduledReceptions, delay.DateTimeDelay
FROM dbo.DelayAppointments AS delay
WHERE delay.ID_ScheduledReceptions IN (?)

SELECT delay.ID_ScheduledReceptions, delay.DateTimeDelay FROM dbo.DelayAppointments AS delay WHERE delay.ID_ScheduledReceptions IN (@p0)

SELECT delay.ID_ScheduledReceptions, delay.DateTimeDelay FROM dbo.DelayAppointments AS delay WHERE delay.ID IN (@p0)

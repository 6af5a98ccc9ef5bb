-- Whose some tasks are.
-- requires: ID
SELECT TOP 1000 s.ID, s.ID_Patients
FROM dbo.ScheduledReceptions AS s
WHERE s.ID > ?
ORDER BY s.ID

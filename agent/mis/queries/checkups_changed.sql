-- Which tasks changed: a hint only.
-- requires: ID
SELECT s.ID, s.DateTimeAdded, s.DateTimeChanged
FROM dbo.ScheduledReceptions AS s
WHERE s.ID >= ? AND (s.DateTimeAdded >= ? OR s.DateTimeChanged >= ?)

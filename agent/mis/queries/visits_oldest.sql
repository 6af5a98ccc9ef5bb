-- The oldest visits and when they were booked: by these a clinic's database is known again.
-- requires: ID ReceptionAdded
SELECT TOP 8 r.ID, r.ReceptionAdded
FROM dbo.Receptions AS r
WHERE r.ReceptionAdded IS NOT NULL
ORDER BY r.ID

-- When some visits were booked.
-- requires: ID ReceptionAdded
SELECT r.ID, r.ReceptionAdded
FROM dbo.Receptions AS r
WHERE r.ID IN (?)

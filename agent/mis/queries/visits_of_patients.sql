-- Which visits some patients have, while the agent does not know them all by itself.
-- requires: ID ID_Patients PlanStart
SELECT r.ID, r.ID_Patients, r.PlanStart
FROM dbo.Receptions AS r
WHERE r.ID_Patients IN (?)

-- Tasks by their keys.
-- requires: ID ID_Patients JobType ID_ReceptionsClose ID_DelayAppointmentsClose ID_ReceptionCancelReasons ID_CrmJobCommunicationCommentsClose
SELECT
    s.ID, s.ID_Patients, s.ID_OwnCompanies, branch.BranchName, branch.Name AS CompanyName, job.Name AS JobType, s.ID_ReceptionsClose,
    s.ID_DelayAppointmentsClose, s.ID_ReceptionCancelReasons, s.ID_CrmJobCommunicationCommentsClose
FROM dbo.ScheduledReceptions AS s
LEFT JOIN dbo.CRMJobTypes AS job ON job.ID = s.ID_CRMJobTypes
LEFT JOIN dbo.OwnCompanies AS branch ON branch.ID = s.ID_OwnCompanies
WHERE s.ID IN (?)

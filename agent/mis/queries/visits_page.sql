-- A page of visits in the order of their keys.
-- requires: ID ID_Patients PlanStart PlanEnd PatientAppeared ReceptionStarted ReceptionEnded ReceptionCanceled
SELECT TOP 200
    r.ID, r.RowVersion, r.ID_Patients, r.PlanStart, r.PlanEnd, r.PatientAppeared, r.ReceptionStarted, r.ReceptionEnded,
    r.CheckIssued, r.ReceptionCanceled, r.ID_ReceptionCancelReasons, r.ID_StaffsReceptionCanceled, r.ID_StaffsReceptionAdded,
    r.ReceptionAdded, r.ID_ReceptionsTransferFrom, r.ID_AppointmentSources, r.DateTimeNotified, r.Comment, r.ID_Staffs, r.ID_Armchairs,
    chair.ID_OwnCompanies, branch.BranchName, branch.Name AS CompanyName, reason.Name AS CancelReason, source.Name AS SourceName,
    doctor.Surname AS DoctorSurname, doctor.Name AS DoctorName, doctor.Patronymic AS DoctorPatronymic,
    booker.Surname AS BookerSurname, booker.Name AS BookerName, booker.Patronymic AS BookerPatronymic,
    canceller.Surname AS CancellerSurname, canceller.Name AS CancellerName, canceller.Patronymic AS CancellerPatronymic
FROM dbo.Receptions AS r
LEFT JOIN dbo.Armchairs AS chair ON chair.ID = r.ID_Armchairs
LEFT JOIN dbo.OwnCompanies AS branch ON branch.ID = chair.ID_OwnCompanies
LEFT JOIN dbo.ReceptionCancelReasons AS reason ON reason.ID = r.ID_ReceptionCancelReasons
LEFT JOIN dbo.AppointmentSources AS source ON source.ID = r.ID_AppointmentSources
LEFT JOIN dbo.Persons AS doctor ON doctor.ID = r.ID_Staffs
LEFT JOIN dbo.Persons AS booker ON booker.ID = r.ID_StaffsReceptionAdded
LEFT JOIN dbo.Persons AS canceller ON canceller.ID = r.ID_StaffsReceptionCanceled
WHERE r.ID > ?
ORDER BY r.ID

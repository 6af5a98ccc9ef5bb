-- Patients by their keys.
-- requires: ID_Persons Surname Name Patronymic
SELECT
    p.ID_Persons, p.CardNumber, p.ParentSNP, p.ID_Staffs, p.ID_InfoSources, p.SMSRejection, p.ID_ArchivingReasons,
    person.Surname, person.Name, person.Patronymic, person.Birthday, person.Phone, person.MobilePhone,
    doctor.Surname AS DoctorSurname, doctor.Name AS DoctorName, doctor.Patronymic AS DoctorPatronymic,
    source.Name AS SourceName, staff.ID_Persons AS StaffID, staff.Archive AS StaffArchive
FROM dbo.Patients AS p
LEFT JOIN dbo.Persons AS person ON person.ID = p.ID_Persons
LEFT JOIN dbo.Persons AS doctor ON doctor.ID = p.ID_Staffs
LEFT JOIN dbo.InfoSources AS source ON source.ID = p.ID_InfoSources
LEFT JOIN dbo.Staffs AS staff ON staff.ID_Persons = p.ID_Persons
WHERE p.ID_Persons IN (?)

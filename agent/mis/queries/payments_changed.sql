-- Whose payments changed: a hint only.
-- requires: ID ID_Patients
SELECT payment.ID, payment.DateTimeAdded, payment.DateTimeChanged, payment.ID_Patients
FROM dbo.PaymentsIn AS payment
WHERE payment.ID >= ? AND payment.ID_Patients IS NOT NULL AND (payment.DateTimeAdded >= ? OR payment.DateTimeChanged >= ?)

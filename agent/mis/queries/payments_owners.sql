-- Whose some payments are.
-- requires: ID
SELECT TOP 1000 payment.ID, payment.ID_Patients
FROM dbo.PaymentsIn AS payment
WHERE payment.ID > ?
ORDER BY payment.ID

-- What some patients paid in; no payment names an order.
-- requires: ID ID_Patients Payment
SELECT payment.ID, payment.ID_Patients, payment.DateTimePayment, payment.Payment
FROM dbo.PaymentsIn AS payment
WHERE payment.ID_Patients IN (?)

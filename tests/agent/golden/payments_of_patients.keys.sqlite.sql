SELECT payment.ID, payment.ID_Patients, payment.DateTimePayment, payment.Payment FROM dbo.PaymentsIn AS payment WHERE payment.ID IN (@p0)

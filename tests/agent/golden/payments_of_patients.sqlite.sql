SELECT payment.ID, payment.ID_Patients, payment.Payment FROM dbo.PaymentsIn AS payment WHERE payment.ID_Patients IN (@p0)

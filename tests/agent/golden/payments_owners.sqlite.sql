SELECT payment.ID, payment.ID_Patients FROM dbo.PaymentsIn AS payment WHERE payment.ID > @p0 ORDER BY payment.ID LIMIT 1000

SELECT MAX(payment.ID) AS Newest FROM dbo.PaymentsIn AS payment

-- The orders of some patients, with or without a visit, with their bills.
-- requires: ID ID_Patients
SELECT
    o.ID, o.ID_Patients, o.IsBillFormed, o.DateTimeBillFormed, journal.ID_Orders AS JournalID, journal.DateTimeBill,
    journal.IsBillFormed AS JournalIsBillFormed, journal.Amount, journal.AmountWithDiscount, journal.InsuranceAmount, journal.Debt
FROM dbo.Orders AS o
LEFT JOIN dbo.OrderPaymentsJournal AS journal ON journal.ID_Orders = o.ID
WHERE o.ID_Patients IN (?)

-- The orders of some visits and of some patients, with their bills.
-- requires: ID ID_Receptions
SELECT
    o.ID, o.ID_Receptions, o.ID_Patients, o.IsBillFormed, o.DateTimeBillFormed, o.ID_OwnCompanies, branch.BranchName,
    branch.Name AS CompanyName, journal.ID_Orders AS JournalID, journal.DateTimeBill, journal.IsBillFormed AS JournalIsBillFormed,
    journal.Amount, journal.AmountWithDiscount, journal.InsuranceAmount, journal.Debt
FROM dbo.Orders AS o
LEFT JOIN dbo.OwnCompanies AS branch ON branch.ID = o.ID_OwnCompanies
LEFT JOIN dbo.OrderPaymentsJournal AS journal ON journal.ID_Orders = o.ID
WHERE o.ID_Receptions IN (?) OR o.ID_Patients IN (?)

-- Which visits' order lines changed: a hint only.
-- requires: ID ID_Receptions
SELECT line.ID, line.DateTimeAdded, line.DateTimeChanged, o.ID_Receptions
FROM dbo.OrderServiceRelation AS line
INNER JOIN dbo.Orders AS o ON o.ID = line.ID_Orders
WHERE line.ID >= ? AND o.ID_Receptions IS NOT NULL AND (line.DateTimeAdded >= ? OR line.DateTimeChanged >= ?)

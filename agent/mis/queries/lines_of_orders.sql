-- The lines of some orders, with their prices.
-- requires: ID_Orders CountService Price DiscountSum
SELECT line.ID_Orders, line.CountService, line.DiscountSum, price.Price
FROM dbo.OrderServiceRelation AS line
LEFT JOIN dbo.ServiceItemPrices AS price ON price.ID = line.ID_ServicePrices
WHERE line.ID_Orders IN (?)

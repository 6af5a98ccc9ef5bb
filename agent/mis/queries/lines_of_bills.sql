-- The lines of some bills, where no journal says what the bills come to.
-- requires: ID_Orders CountService Price DiscountSum ID_Companies
SELECT
    line.ID_Orders, line.CountService, line.DiscountSum, line.DeferredDiscountSum, line.IsWarranty, line.ID_Companies,
    line.ID_Returns, price.Price
FROM dbo.OrderServiceRelation AS line
LEFT JOIN dbo.ServiceItemPrices AS price ON price.ID = line.ID_ServicePrices
WHERE line.ID_Orders IN (?)

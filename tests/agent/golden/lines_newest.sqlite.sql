SELECT MAX(line.ID) AS Newest FROM dbo.OrderServiceRelation AS line

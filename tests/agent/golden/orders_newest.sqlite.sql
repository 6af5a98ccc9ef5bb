SELECT MAX(o.ID) AS Newest FROM dbo.Orders AS o

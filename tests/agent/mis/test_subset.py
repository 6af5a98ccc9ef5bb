# ruff: noqa: S608 - nothing is sent
"""The T-SQL that may stand in queries/: what is there is allowed, and each forbidden construct is refused."""

import pytest

from agent.mis.statements import names, parse, query
from agent.mis.subset import NotInSubset
from tests.agent.mis import golden

FROM = "FROM dbo.Receptions AS r"


@pytest.mark.parametrize("name", names())
def test_every_statement_is_in_the_subset(name: str) -> None:
    assert query(name).tree is not None


@pytest.mark.parametrize("name", golden.every_form())
@pytest.mark.parametrize("dialect", golden.DIALECTS)
def test_translations_are_those_that_were_looked_at(name: str, dialect: str) -> None:
    assert golden.translation(name, dialect) == golden.path(name, dialect).read_text()


def test_no_translation_is_kept_of_what_is_gone() -> None:
    assert {p.name for p in golden.FOLDER.iterdir()} == {
        golden.path(n, d).name for n in golden.every_form() for d in golden.DIALECTS
    }


@pytest.mark.parametrize("kind", ["visits", "patients"])
def test_a_page_and_a_reading_by_key_say_the_same(kind: str) -> None:
    page, by_key = query(f"{kind}_page").tree, query(f"{kind}_by_key").tree
    assert page.expressions == by_key.expressions
    assert page.args["joins"] == by_key.args["joins"]
    assert query(f"{kind}_page").required == query(f"{kind}_by_key").required


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT r.ID {FROM} WHERE r.ID = ? AND (r.ID <> 1 OR NOT r.ID < 2) AND r.ID <= 3 AND r.ID > 4 AND r.ID >= 5",
        f"SELECT r.ID {FROM} WHERE r.ID IN (?) AND r.ID IN (1, 2) AND r.PlanEnd IS NULL AND r.PlanStart IS NOT NULL",
        f"SELECT TOP 5 r.ID {FROM} WITH (READPAST) INNER JOIN dbo.Orders AS o ON o.ID = r.ID ORDER BY r.ID DESC",
        f"SELECT r.ID {FROM} LEFT JOIN dbo.Orders AS o ON o.ID = r.ID AND o.IsBillFormed = 1",
        f"SELECT r.ID {FROM} WHERE EXISTS (SELECT 1 FROM dbo.Orders AS o WHERE o.ID_Receptions = r.ID)",
        f"SELECT r.ID_Staffs, COUNT(*) AS N, MIN(r.ID) AS A, MAX(r.ID) AS B, COUNT(r.ID) AS C {FROM} GROUP BY r.ID_Staffs",
    ],
)
def test_what_every_server_understands_is_allowed(text: str) -> None:
    parse("test", text)


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT r.ID {FROM} WHERE r.PlanStart >= '2026-11-24'",
        f"SELECT r.ID {FROM} WHERE r.Comment = N'x'",
        f"SELECT r.ID {FROM} WHERE r.Comment LIKE ?",
        f"SELECT r.ID {FROM} WHERE r.PlanStart >= DATEADD(DAY, -1, ?)",
        f"SELECT r.ID {FROM} WHERE r.PlanStart >= GETDATE()",
        f"SELECT r.Comment + r.Comment AS Twice {FROM}",
        f"SELECT r.ID - 1 AS Before {FROM}",
        f"SELECT r.ID {FROM} WHERE r.ID = ? - 1",
        f"SELECT CONVERT(varchar, r.PlanStart, 104) AS Day {FROM}",
        f"SELECT CAST(r.ID AS varchar(9)) AS Text {FROM}",
        f"SELECT SUM(r.ID) AS Total {FROM}",
        f"SELECT AVG(r.ID) AS Mean {FROM}",
        f"SELECT ISNULL(r.ID, 0) AS Known {FROM}",
        f"SELECT CASE WHEN r.ID = 1 THEN 1 END AS One {FROM}",
        f"SELECT dbo.Secret(r.ID) AS Value {FROM}",
        f"SELECT ROW_NUMBER() OVER (ORDER BY r.ID) AS N {FROM}",
        f"SELECT r.ID {FROM} WITH (NOLOCK)",
        f"SELECT r.ID {FROM} WITH (READPAST, UPDLOCK)",
        f"SELECT r.ID {FROM} CROSS APPLY (SELECT TOP 1 o.ID FROM dbo.Orders AS o) AS x",
        f"SELECT r.ID {FROM} OUTER APPLY (SELECT TOP 1 o.ID FROM dbo.Orders AS o) AS x",
        f"SELECT r.ID {FROM} RIGHT JOIN dbo.Orders AS o ON o.ID = r.ID",
        f"SELECT r.ID {FROM} FULL JOIN dbo.Orders AS o ON o.ID = r.ID",
        f"SELECT r.ID {FROM} CROSS JOIN dbo.Orders AS o",
        f"SELECT r.ID {FROM}, dbo.Orders AS o",
        f"SELECT r.ID {FROM} ORDER BY r.ID OFFSET 10 ROWS FETCH NEXT 5 ROWS ONLY",
        f"SELECT TOP (?) r.ID {FROM}",
        f"SELECT TOP 5 PERCENT r.ID {FROM}",
        f"SELECT TOP 5 WITH TIES r.ID {FROM} ORDER BY r.ID",
        f"SELECT DISTINCT r.ID {FROM}",
        f"SELECT * {FROM}",
        f"SELECT r.* {FROM}",
        "SELECT ID FROM dbo.Receptions AS r",
        "SELECT x.ID FROM dbo.Receptions AS r",
        "SELECT r.ID FROM Receptions AS r",
        "SELECT r.ID FROM PZ.dbo.Receptions AS r",
        "SELECT r.ID FROM dbo.Receptions r INNER JOIN dbo.Orders AS r ON r.ID = r.ID",
        f"SELECT r.ID {FROM} WHERE r.ID IN (SELECT o.ID FROM dbo.Orders AS o)",
        f"SELECT r.ID {FROM} WHERE r.ID BETWEEN 1 AND 2",
        f"SELECT r.ID {FROM} UNION SELECT o.ID FROM dbo.Orders AS o",
        "WITH x AS (SELECT 1 AS ID) SELECT r.ID FROM dbo.Receptions AS r",
        f"SELECT r.ID {FROM} GROUP BY r.ID HAVING COUNT(*) > 1",
        f"SELECT r.ID {FROM} GROUP BY ROLLUP (r.ID)",
        f"SELECT r.ID {FROM} FOR XML PATH('')",
        f"SELECT r.ID {FROM} OPTION (MAXDOP 1)",
        f"SELECT r.ID INTO dbo.Copy {FROM}",
        "SELECT @@VERSION AS V",
        "SELECT 1 AS One",
        f"SELECT r.ID {FROM}; DROP TABLE dbo.Receptions",
        "DELETE FROM dbo.Receptions WHERE ID = 1",
        "UPDATE dbo.Receptions SET ID = 1",
        "EXEC sp_who",
    ],
)
def test_whatever_else_is_refused(text: str) -> None:
    with pytest.raises(NotInSubset):
        parse("test", text)


def test_what_is_sent_is_written_from_the_tree() -> None:
    """`SELECT x DELETE` parses as one SELECT with an alias; what is sent says so."""
    found = parse("test", f"SELECT r.ID DELETE {FROM}")
    assert found.tree.sql("tsql") == "SELECT r.ID AS DELETE FROM dbo.Receptions AS r"

"""Driver files that nobody registered are found where packages put them."""

from pathlib import Path

from agent.mis.installed import driver_files


def test_drivers_are_found_as_files_the_newest_of_microsofts_first(tmp_path: Path) -> None:
    microsoft = (
        "opt/microsoft/msodbcsql17/lib64/libmsodbcsql-17.10.so.6.1",
        "opt/microsoft/msodbcsql18/lib64/libmsodbcsql-18.3.so.1.1",
    )
    for name in (
        *microsoft,
        "usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so",
        "usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [str(Path(file).relative_to(tmp_path)) for file in driver_files(tmp_path) if file.startswith(str(tmp_path))]
    assert found == [*reversed(microsoft), "usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so"]

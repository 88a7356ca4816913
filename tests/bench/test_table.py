from bench.table import aligned, table
from tests.bench.reports import REPORT


def test_a_table_has_a_row_for_each_load_and_party_and_is_aligned() -> None:
    assert table(REPORT).splitlines() == [
        "| load          | party                  | CPU µs | per second | casd's CPU ÷ | casd's rate ÷ |",
        "|---------------|------------------------|-------:|-----------:|-------------:|--------------:|",
        "| 1 KiB         | casd                   |   60.0 |        100 |              |               |",
        "|               | nginx <plain>          |   20.0 |        300 |         2.00 |          0.39 |",
        "|               | Apache (did not start) |        |            |              |               |",
        "| HTTP/2 & more | casd (not offered)     |        |            |              |               |",
        "|               | nginx <plain>          |   9.87 |            |              |               |",
        "|               | Apache (no)            |        |            |              |               |",
    ]


def test_words_stand_left_and_figures_right() -> None:
    assert aligned([["a", "b", "c"], ["", "bb", "22"]]) == (
        "| a | b  |  c |\n|---|----|---:|\n|   | bb | 22 |\n"  # three columns, the last of figures
    )

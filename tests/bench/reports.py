"""A small report to test with."""

from __future__ import annotations

from bench.figures import Report, Result

SMALL = Result(
    name="small",
    title="1 KiB",
    shown="cpu",
    more=False,
    runs=[
        {"casd": {"cpu": 60.0, "rate": 100.0}, "nginx": {"cpu": 20.0, "rate": 300.0}},
        {"casd": {"cpu": 80.0, "rate": 90.0}, "nginx": {"cpu": 40.0, "rate": 200.0}},
        {"casd": {"cpu": 30.0, "rate": 120.0}, "nginx": {"cpu": 20.0, "rate": 310.0}},
    ],
    unfit={"apache": "did not start\na long story <that> goes on"},
)
H2 = Result("h2", "HTTP/2 & more", "cpu", False, [{"nginx": {"cpu": 9.87}}], {"casd": "not offered", "apache": "no"})
REPORT = Report("2 cores", 3, 2, {"casd": "casd", "nginx": "nginx <plain>", "apache": "Apache"}, [SMALL, H2])

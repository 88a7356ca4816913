import math

from attrs import evolve
from lxml import etree

from bench.chart import chart, scale
from bench.figures import Report
from tests.bench.reports import H2, REPORT, SMALL

SVG = "{http://www.w3.org/2000/svg}"


def drawn(report: Report) -> etree._Element:
    """Return the picture, which must be well-formed."""
    return etree.fromstring(chart(report).encode())


def texts(picture: etree._Element) -> list[str]:
    return [text.text or "" for text in picture.iter(f"{SVG}text")]


def test_each_party_has_a_dot_and_its_figure_beside_it() -> None:
    picture = drawn(evolve(REPORT, results=[SMALL]))
    assert len(list(picture.iter(f"{SVG}circle"))) == 2
    assert {"casd", "60.0", "nginx <plain>", "20.0"} <= set(texts(picture))


def test_a_party_without_figures_says_why() -> None:
    assert {"Apache", "did not start"} <= set(texts(drawn(REPORT)))


def test_more_lies_further_right() -> None:
    ours, nginx = (float(dot.get("cx", "")) for dot in drawn(evolve(REPORT, results=[SMALL])).iter(f"{SVG}circle"))
    assert ours > nginx


def test_a_figure_of_nothing_or_less_has_no_place_on_a_logarithmic_scale() -> None:
    odd = evolve(SMALL, runs=[{"casd": {"cpu": 5.0}, "nginx": {"cpu": -1.0}}])
    picture = drawn(evolve(REPORT, results=[odd]))
    assert len(list(picture.iter(f"{SVG}circle"))) == 1
    assert "nothing measurable" in texts(picture)


def test_a_load_that_nobody_could_do_has_no_panel() -> None:
    assert "HTTP/2 & more" not in texts(drawn(evolve(REPORT, results=[evolve(H2, runs=[{}])])))


def test_it_can_be_read_in_light_and_in_dark_and_by_those_who_do_not_see_it() -> None:
    picture = drawn(REPORT)
    assert "prefers-color-scheme: dark" in (picture.findtext(f"{SVG}style") or "")
    assert "1 KiB, CPU µs for each request: casd 60.0, nginx <plain> 20.0." in (picture.findtext(f"{SVG}desc") or "")


def test_everything_lies_within_the_picture() -> None:
    picture = drawn(evolve(REPORT, results=[SMALL, H2, SMALL]))
    height = float(picture.get("viewBox", "").split()[3])
    groups = [group for group in picture.iter(f"{SVG}g") if group.get("transform")]
    lowest = max(
        float(group.get("transform", "").split()[1].rstrip(")")) + float(text.get("y", "0"))
        for group in groups
        for text in group.iter(f"{SVG}text")
    )
    assert lowest < height


def test_a_scale_spans_a_decade_at_least_and_leaves_room() -> None:
    low, high = scale([20.0, 30.0])
    assert math.isclose(high - low, 1.0)
    assert low < math.log10(20) < math.log10(30) < high
    assert scale([1.0, 1000.0]) == (-0.1, 3.1)

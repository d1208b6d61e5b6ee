"""The page: whole without a browser (structure, safety), then in headless Chromium, where there is one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from streamdoctor.report.html import html_text
from streamdoctor.report.html_bytes import pair
from streamdoctor.report.model import CheckReport
from streamdoctor.suite.exhibit import Exhibit, Step, Window
from streamdoctor.suite.results import Result
from tests.report.browser import CHROMIUM, Browser, browser
from tests.report.results import HOSTILE, found, result

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")


def exhibit(words: str = "12") -> Exhibit:
    data = words.encode("utf-8", "surrogatepass") + b"data: \xe2\x82\xac 12\r\r"
    steps = (
        Step(1, 0, 7, words, "utf8", "", "", True),
        Step(2, 7, 20, words, None, words, "12", False),
        Step(3, 20, 20, "", None, "", "", True),
    )
    return Exhibit(
        size=20, pieces=2, windows=(Window(0, data, ((7, "utf8"),)),), events=(9, 20), cuts=(7,), steps=steps,
        steps_in_all=3, focus=2, end=f"raised in step 2: {words}", arrivals=((9, 2_000_000), (20, 5_000_000)),
        piece_sizes={7: 1, 13: 1}, read_sizes={9: 1, 11: 1},
    )  # fmt: skip


def page(*results: Result, **exhibits: Exhibit) -> str:
    return html_text(CheckReport(list(results), exhibits={k.removeprefix("c"): v for k, v in exhibits.items()}))


def plain() -> str:
    """Three captures, two parsers, two causes."""
    return page(
        result(found(), capture="a"),
        result(capture="a", parser="right"),
        result(found("SD302", case="00000002"), capture="b"),
        result(capture="b", parser="right", skipped=True, note="it does not speak sse"),
        c00000001=exhibit(),
    )


def hostile() -> str:
    bad = found(expected=HOSTILE, actual=HOSTILE, summary=HOSTILE, reproduce=HOSTILE, case="00000001")
    return page(result(bad, capture=HOSTILE, parser=HOSTILE, note=HOSTILE), c00000001=exhibit(HOSTILE))


class Outline(HTMLParser):
    """Elements, ids, links to them, and headings of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append(name)
            if name == "id":
                self.ids.append(value or "")
            elif name == "href" and (value or "").startswith("#"):
                self.links.append((value or "")[1:])


def test_every_link_has_its_place_and_no_place_is_there_twice() -> None:
    outline = Outline(plain())
    assert sorted(set(outline.ids)) == sorted(outline.ids)
    assert set(outline.links) <= set(outline.ids)
    assert {"case-00000001", "cause-2", "matrix", "results"} <= set(outline.ids)


def test_findings_that_share_a_case_have_a_place_each() -> None:
    text = page(result(found(), found("SD103"), capture="a"), c00000001=exhibit())
    assert [name for name in Outline(text).ids if name.startswith("case-")] == ["case-00000001", "case-00000001-2"]


def test_what_is_known_is_told_apart() -> None:
    text = page(result(found(known=True), capture="a"), result(capture="b"))
    assert "<h1" in text and "Passed</h1>" in text
    assert "nothing new fails or hangs. 1 cause known already." in text
    assert re.search(r'<td class="fail".*?fail<span class="note"> known</span>', text)


def test_foreign_text_makes_no_element_and_no_attribute() -> None:
    seen, clean = Outline(hostile()), Outline(plain())
    assert set(seen.tags) <= set(clean.tags)
    assert set(seen.attributes) <= set(clean.attributes)
    assert "img" not in seen.tags and seen.tags.count("script") == 2
    assert not [name for name in seen.attributes if name.startswith("on") or name == "style"]


def test_the_twin_is_the_json() -> None:
    text = re.search(r'<script type="application/json" id="results">(.*?)</script>', hostile(), re.DOTALL)
    assert text is not None
    document = json.loads(text[1])
    assert document["schema"] == "streamdoctor.check/1"
    assert document["results"][0]["findings"][0]["summary"] == HOSTILE


def test_the_legend_defines_each_verdict_that_is_given() -> None:
    legend = re.search(r'<dl class="legend">.*?</dl>', plain(), re.DOTALL)
    assert legend is not None
    assert re.findall(r"</span>([a-z-]+)</span></dt><dd>[a-z]", legend[0]) == ["pass", "fail", "hung", "skipped"]


def test_bytes_are_wrapped_at_cuts() -> None:
    text = page(result(found()), c00000001=exhibit(""))
    assert "cut at 7, inside utf8" in text
    rows = re.findall(r'class="x">([0-9a-f ]+)</span>  <span class="t">([^<]*)<', text)
    assert (rows[-2], rows[-1]) == (
        ("64 61 74 61 3a 20 e2".ljust(41), "data: \\xe2"),
        ("82 ac 20 31 32 0d 0d".ljust(41), "\\x82\\xac 12\\r\\r"),
    )


def marks(expected: str, got: str) -> list[str]:
    return re.findall("<mark[^>]*>(.*?)</mark>", pair(expected, got))


def test_what_differs_is_marked() -> None:
    assert marks("12", "12\r") == ['<span class="unseen">nothing</span>', "\\r"]
    assert marks("a" * 99 + "right" + "b" * 99, "a" * 99 + "wrong" + "b" * 99) == ["right", "wrong"]
    assert marks("an error", "a normal end") == ["an error", "a normal end"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        opened.size(1200, 900)
        yield opened


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Iterator[tuple[Browser, str]]:
    """A browser and the address of a page; in the end nothing was wrong, and nothing was asked for but the page."""
    chromium.requests.clear()
    chromium.errors.clear()
    (tmp_path / "page.html").write_text(plain(), encoding="utf-8")
    (tmp_path / "hostile.html").write_text(hostile(), encoding="utf-8")
    base = (tmp_path / "page.html").as_uri()
    yield chromium, base
    assert chromium.errors == []
    asked = {re.split("[?#]", url)[0] for url in chromium.requests}
    assert asked <= {base, base.replace("page.html", "hostile.html")}


CARDS = "[...document.querySelectorAll('.card')].filter(one => one.offsetParent).map(one => one.id).join()"
ROWS = (
    "[...document.querySelectorAll('.matrix tbody tr')].filter(one => one.offsetParent)"
    ".map(one => one.cells[0].textContent).join()"
)


def type_capture(chromium: Browser, words: str) -> None:
    chromium.js(
        f"filter.capture.value = {words!r}; filter.capture.dispatchEvent(new Event('input', {{bubbles: true}}))"
    )


@needs_chromium
def test_the_filter_is_kept_in_the_address(opened: tuple[Browser, str]) -> None:
    chromium, base = opened
    chromium.open(base)
    assert (chromium.js(CARDS), chromium.js(ROWS)) == ("cause-1,cause-2", "a,b")
    chromium.js("filter.querySelector('[value=hung]').click()")
    assert (chromium.js(CARDS), chromium.js(ROWS)) == ("cause-2", "a,b")
    type_capture(chromium, "A")
    assert (chromium.js(CARDS), chromium.js(ROWS)) == ("cause-2", "a")
    address = chromium.js("location.hash")
    assert address == "#&capture=A&verdict=fail%2Cpass%2Cskipped"
    chromium.open(f"{base}?again{address}")
    assert (chromium.js(CARDS), chromium.js(ROWS)) == ("cause-2", "a")
    assert chromium.js("filter.querySelector('output').textContent") == "1 of 2 streams, 1 of 2 causes"


@needs_chromium
def test_a_parser_that_is_chosen_is_a_column(opened: tuple[Browser, str]) -> None:
    chromium, base = opened
    chromium.open(f"{base}#&parser=right")
    heads = "[...document.querySelectorAll('.matrix thead th')].filter(one => one.offsetParent).length"
    assert (chromium.js(heads), chromium.js(CARDS)) == (2, "")


@needs_chromium
def test_a_link_keeps_the_filter_and_shows_the_case(opened: tuple[Browser, str]) -> None:
    chromium, base = opened
    chromium.open(f"{base}?first#&parser=mine")
    chromium.js(
        "new Promise(done => { addEventListener('hashchange', done); document.querySelector('td.fail a').click() })"
    )
    assert chromium.js("location.hash") == "#case-00000001&parser=mine"
    assert chromium.js("document.activeElement.id") == "case-00000001"
    assert chromium.js("Math.abs(document.activeElement.getBoundingClientRect().top) < innerHeight / 2")


@needs_chromium
def test_a_case_is_drawn_and_keys_move(opened: tuple[Browser, str]) -> None:
    chromium, base = opened
    chromium.open(f"{base}?second#case-00000001")
    assert chromium.js("document.querySelectorAll('#case-00000001 .wide svg[role=img]').length") == 2
    assert chromium.js("document.querySelector('#case-00000001 svg rect').getBoundingClientRect().width > 0")
    chromium.js("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'k', bubbles: true}))")
    assert chromium.js("document.activeElement.id") == "cause-2"
    chromium.js("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: '/', bubbles: true}))")
    assert chromium.js("document.activeElement.name") == "capture"


@needs_chromium
def test_hostile_bytes_stay_inert(opened: tuple[Browser, str]) -> None:
    chromium, base = opened
    chromium.open(base.replace("page.html", "hostile.html") + "#case-00000001")
    assert chromium.js("document.querySelectorAll('img').length") == 0
    assert chromium.js("document.querySelectorAll('script').length") == 2
    told = chromium.js("document.querySelector('#case-00000001').textContent")
    assert "<img src=x" in told
    assert not re.search("[\x00\x1b\u202e]", told)


@needs_chromium
@pytest.mark.parametrize(
    ("element", "refused"),
    [
        ("Object.assign(new Image(), {src: 'http://127.0.0.1:9/x'})", "img-src"),
        ("Object.assign(document.createElement('script'), {textContent: 'owned = 1'})", "script-src-elem"),
        ("Object.assign(document.createElement('style'), {textContent: '*{color:red}'})", "style-src-elem"),
    ],
)
def test_the_policy_of_the_page_holds(opened: tuple[Browser, str], element: str, refused: str) -> None:
    """Even what would get past every escape could neither run nor ask for anything."""
    chromium, base = opened
    chromium.open(f"{base}?policy")
    told = chromium.js(
        f"new Promise(done => {{ addEventListener('securitypolicyviolation', event => done(event.effectiveDirective));"
        f" document.body.append({element}); }})"
    )
    assert told == refused
    assert chromium.js("typeof owned") == "undefined"
    chromium.errors.clear()
    chromium.requests.clear()


@needs_chromium
def test_it_is_whole_without_script(opened: tuple[Browser, str]) -> None:
    chromium, base = opened
    chromium.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chromium.open(f"{base}?still")
        assert (chromium.js(CARDS), chromium.js(ROWS)) == ("cause-1,cause-2", "a,b")
        assert chromium.js("document.getElementById('filter').offsetParent") is None
        assert chromium.js("document.querySelectorAll('button').length") == 0
    finally:
        chromium.call("Emulation.setScriptExecutionDisabled", value=False)


@needs_chromium
def test_it_fits_a_narrow_screen(opened: tuple[Browser, str]) -> None:
    chromium, base = opened
    chromium.size(400, 800)
    try:
        chromium.open(f"{base}?narrow")
        assert chromium.js("document.documentElement.scrollWidth") <= 400
    finally:
        chromium.size(1200, 900)


@needs_chromium
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(opened: tuple[Browser, str], dark: bool) -> None:
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5 for the words of each verdict, and for soft text."""
    chromium, base = opened
    chromium.dark(dark)
    chromium.open(f"{base}?contrast")
    lowest = chromium.js(Path(__file__).with_name("contrast.js").read_text(encoding="utf-8"))
    chromium.dark(False)
    assert lowest >= 4.5

"""The report in a real browser, spoken to through Chromium's own pipe; skipped where there is none."""

import itertools
import json
import re

import pytest
from browser import opened

from fgan.reporting.html import write_report

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    yield from opened(tmp_path_factory.mktemp("profile"))


@pytest.fixture(scope="module")
def report(comparison, tmp_path_factory):
    return write_report(
        [comparison], tmp_path_factory.mktemp("page") / "report.html", say=lambda line: None
    ).path


@pytest.fixture
def page(tab, report):
    tab("Emulation.setDeviceMetricsOverride", width=1200, height=900, deviceScaleFactor=1, mobile=False)
    tab("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
    tab.open(report)
    yield tab
    assert tab.of("Runtime.exceptionThrown") == []


def drawn(tab, selector):
    return tab.eval(f"document.querySelectorAll({json.dumps(selector)}).length")


def test_every_chart_is_drawn_and_nothing_is_complained_of(page):
    assert drawn(page, "[data-chart='bound'] .scatterlayer path.js-line") == 4  # kl and js, two seeds
    assert (
        drawn(page, "[data-chart='trade-off'] .scatterlayer .point") == 2 + 4 + 1
    )  # means, runs, real samples
    assert drawn(page, "[data-chart='ranking'] .scatterlayer .point") == 2
    for graph in range(3):
        assert drawn(page, f"[data-chart='graph{graph}'] .scatterlayer path.js-line") == 2
    shown = page.eval("[...document.images].every((image) => image.naturalWidth > 100)")
    assert shown and drawn(page, ".pictures img") == 5  # the data, and four runs
    assert page.of("Runtime.consoleAPICalled") == []
    assert page.of("Log.entryAdded") == []


def test_no_request_leaves_the_file_and_none_could(page, report):
    page.wait("document.querySelectorAll('.main-svg').length > 0")
    asked = [event["request"]["url"] for event in page.of("Network.requestWillBeSent")]
    assert asked[0] == report.resolve().as_uri()
    assert {url.split(":")[0] for url in asked[1:]} <= {"data", "blob"}
    refused = page.eval("fetch('http://127.0.0.1:9/').then(() => 'sent', (error) => error.name)")
    assert refused == "TypeError"
    assert any("Content Security Policy" in event["entry"]["text"] for event in page.of("Log.entryAdded"))
    # Plotly offers to upload a chart; a report does not.
    buttons = page.eval(
        "[...document.querySelectorAll('.modebar-btn')].map((button) => button.dataset.title)"
    )
    assert set(buttons) == {"Download plot as a PNG", "Zoom", "Pan", "Reset axes"}


def test_a_click_on_a_heading_sorts_the_better_first_and_another_turns_it_round(page):
    column = (
        "[...[...document.querySelectorAll('#numbers table')].at(-1).tBodies[0].rows]"
        ".map((row) => Number(row.cells[{}].dataset.value))"
    )
    click = (
        "[...document.querySelectorAll('#numbers table')].at(-1).tHead.rows[0].cells[{}].firstChild.click()"
    )
    names = page.eval(
        "[...document.querySelector('#numbers thead').rows[0].cells].map((cell) => cell.textContent)"
    )
    fid, recall = names.index("fid ↓"), names.index("recall ↑")
    before = page.eval(column.format(fid))
    page.eval(click.format(fid))
    assert page.eval(column.format(fid)) == sorted(before)
    page.eval(click.format(fid))
    assert page.eval(column.format(fid)) == sorted(before, reverse=True)
    page.eval(click.format(recall))
    values = page.eval(column.format(recall))
    assert len(values) == 4 and values == sorted(values, reverse=True)


def test_groups_and_seeds_are_hidden_everywhere_at_once(page):
    page.eval("document.querySelector('[data-value=\"kl\"]').click()")
    assert drawn(page, "[data-chart='bound'] .scatterlayer path.js-line") == 2
    assert drawn(page, "[data-chart='graph0'] .scatterlayer path.js-line") == 1
    assert drawn(page, ".pictures figure:not([hidden])") == 3
    page.eval('document.querySelector(\'[data-filter="seeds"][data-value="0"]\').click()')
    assert drawn(page, "[data-chart='bound'] .scatterlayer path.js-line") == 1
    page.eval("document.getElementById('all').click()")
    assert drawn(page, "[data-chart='bound'] .scatterlayer path.js-line") == 4


def test_curves_are_chosen_and_a_zoom_holds_for_all_of_them(page):
    assert drawn(page, "[data-chart='learning_rate'] svg") == 0
    page.eval("document.querySelector('[data-metric=\"learning_rate\"]').click()")
    assert drawn(page, "[data-chart='learning_rate'] .scatterlayer path.js-line") == 4
    bound = "document.querySelector('[data-chart=\"bound\"] .plot')"
    page.eval(f"Plotly.relayout({bound}, {{'xaxis.range': [5, 10]}}).then(() => null)")
    zoomed = "document.querySelector('[data-chart=\"{}\"] .plot')._fullLayout.xaxis.range.join()"
    page.wait(f"{zoomed.format('critic_loss')} === '5,10' && {zoomed.format('learning_rate')} === '5,10'")


def test_a_point_under_the_mouse_says_its_run_step_and_value(page):
    place = page.eval(
        "const path = document.querySelector('[data-chart=\"bound\"] path.js-line');"
        "path.scrollIntoView({block: 'center'});"
        "const box = path.getBoundingClientRect(), start = path.getPointAtLength(0), of = path.getScreenCTM();"
        "[start.x * of.a + of.e, start.y * of.d + of.f]"
    )
    page("Input.dispatchMouseEvent", type="mouseMoved", x=place[0] + 1, y=place[1])
    page.wait("document.querySelector('[data-chart=\"bound\"] .hovertext') !== null")
    text = page.eval("document.querySelector('[data-chart=\"bound\"] .hovertext').textContent")
    assert re.fullmatch(r"(kl|js)-seed[01]2: -?[\d.−]+", text)


def test_the_axes_of_the_scatter_can_be_chosen(page):
    page.eval(
        "const axis = document.getElementById('axis-x'); axis.value = 'fid'; axis.dispatchEvent(new Event('change'))"
    )
    title = page.eval("document.querySelector('[data-chart=\"trade-off\"] .xtitle').textContent")
    assert title == "fid ↓"


def test_plots_follow_the_dark_theme(page):
    colour = "getComputedStyle(document.querySelector('[data-chart=\"bound\"] .xtick text')).fill"
    light = page.eval(colour)
    page("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    page.wait(f"{colour} !== '{light}'")
    assert page.eval(colour) == page.eval("getComputedStyle(document.body).color")


def boxes(page):
    return page.eval(
        "[...document.querySelectorAll('[data-chart=\"trade-off\"] .annotation-text-g')].map((one) => {"
        "const {left, right, top, bottom} = one.getBoundingClientRect(); return [left, right, top, bottom]})"
    )


@pytest.mark.parametrize("width", [390, 1400])
def test_labels_of_the_scatter_stand_at_dots_of_their_own_without_overlap(page, report, width):
    page(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500
    )
    page.open(report)
    page.wait("document.querySelectorAll('[data-chart=\"trade-off\"] .annotation-text-g').length === 3")
    for (l1, r1, t1, b1), (l2, r2, t2, b2) in itertools.combinations(boxes(page), 2):
        assert min(r1, r2) <= max(l1, l2) or min(b1, b2) <= max(t1, t2)
    assert all(left >= 0 and right <= width for left, right, _, _ in boxes(page))
    names = page.eval(
        "document.querySelector('[data-chart=\"trade-off\"] .plot').layout.annotations.map((a) => a.text)"
    )
    assert sorted(names) == ["js", "kl", "real samples"]


def test_a_metric_is_explained_by_mouse_by_keyboard_and_by_touch(page):
    opened = "document.querySelector('#about-fid').matches(':popover-open')"
    assert not page.eval(opened)
    page.eval("document.querySelector('#numbers .about').click()")  # what a tap and the Enter key do
    assert page.eval(opened)
    text = page.eval("document.querySelector('#about-fid').textContent")
    assert "Fréchet distance" in text and "Lower is better." in text and "Real samples score" in text
    page("Input.dispatchKeyEvent", type="keyDown", key="Escape", code="Escape", windowsVirtualKeyCode=27)
    page.wait(f"!{opened}")
    place = page.eval(
        "const one = document.querySelector('#numbers .about'); one.scrollIntoView({block: 'center'});"
        "const box = one.getBoundingClientRect(); [box.x + box.width / 2, box.y + box.height / 2]"
    )
    page("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])
    page.wait(opened)
    page("Input.dispatchMouseEvent", type="mouseMoved", x=5, y=5)
    page.wait(f"!{opened}")
    assert page.eval("document.querySelector('#numbers th[aria-sort]')") is None  # it does not sort


def test_a_table_says_that_it_scrolls_on_a_phone_and_not_where_it_fits(page, report):
    page("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=1, mobile=True)
    page.open(report)
    hint = "document.querySelector('#numbers .hint').hidden"
    page.wait(f"{hint} === false && document.querySelector('#numbers .scroll.more') !== null")
    page.eval("document.querySelector('#numbers .scroll').scrollLeft = 1e4")
    page.wait("!document.querySelector('#numbers .scroll').classList.contains('more')")
    page("Emulation.setDeviceMetricsOverride", width=1800, height=800, deviceScaleFactor=1, mobile=False)
    page.wait(f"{hint} === true")


@pytest.mark.parametrize("width", [360, 1600])
def test_nothing_is_wider_than_the_window(page, report, width):
    page(
        "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500
    )
    page.open(report)
    page.wait("document.querySelectorAll('.main-svg').length > 0")
    assert page.eval("document.documentElement.scrollWidth") <= width

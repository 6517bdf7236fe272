"""What else the lab's page offers, in a real browser: any f, stories, sharing, pictures."""

import io
import re

import pytest
from lab_browser import colours, fragment, until
from lab_server import lab
from PIL import Image

import fgan

pytestmark = pytest.mark.slow


def test_an_f_is_checked_and_joins_the_race(lab_page):
    page = lab_page(fragment(members=[{"divergence": "js"}]))
    page.started()
    page.page.locator("#tab-any-f").click()
    field = page.page.locator("#anyf-text")
    said = page.page.locator("#anyf-said")
    field.fill("-(u-1)**2")
    field.press("Enter")
    said.filter(has_text="convex").wait_for()
    field.fill("(u-1)**2")
    field.press("Enter")
    said.filter(has_text="pearson").wait_for()
    said.filter(has_text="All laws hold").wait_for()
    assert page.page.locator(".anyf-laws li").count() > 5
    assert page.page.locator(".anyf-laws li.is-broken").count() == 0
    row = page.page.locator("#any-f table tbody tr", has_text=re.compile("^2")).first
    page.page.locator("#any-f details > summary").click()
    assert row.inner_text().split()[:3] == ["2", "1", "2"]  # f(2) = 1, f'(2) = 2
    page.page.get_by_role("button", name="Race it").click()
    page.started("s.members.length === 2")
    assert page.state("settings.members")[1]["divergence"] == "pearson"


def test_a_story_sets_the_lab_up_and_reports(lab_page):
    page = lab_page(fragment(seed=3))
    page.started()
    page.page.locator("#tab-stories").click()
    page.page.locator("[data-story='1']").click()
    card = page.page.locator("#story-card")
    card.wait_for()
    page.started("s.width !== 64 || s.depth !== 2 || s.members.length !== 4")
    assert page.state("settings.seed") == 3, "a story keeps the seed"
    steps = int(page.page.locator(".story-place").inner_text().split()[-1])
    for _ in range(steps):
        until(page.page, "document.querySelector('#story-card progress').hidden")
        card.get_by_role("button").nth(1).click()
    card.wait_for(state="hidden")
    page.page.locator("#tab-stories").click()
    page.page.get_by_role("button", name="Back to my settings").click()
    page.started("s.members.length === 4 && s.seed === 3")


def test_a_replay_opens_without_a_server(lab_page, tmp_path):
    page = lab_page(fragment(members=[{"divergence": "kl"}, {"divergence": "js"}]))
    page.started()
    page.wait("lab.frames > 12")
    page.page.locator("#tab-share").click()
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="Download replay").click()
    path = tmp_path / "replay.html"
    download.value.save_as(path)
    other = page.context.new_page()
    problems, asked = [], []
    other.on("console", lambda said: said.type in ("error", "warning") and problems.append(said.text))
    other.on("pageerror", lambda error: problems.append(str(error)))
    other.on("request", lambda request: asked.append(request.url.partition(":")[0]))
    other.goto(path.as_uri())
    other.locator(".panel canvas").nth(1).wait_for()
    scrub = other.locator("input[type=range]").first
    last = int(scrub.get_attribute("max"))
    assert last >= 5
    first = other.locator(".panel canvas").first.screenshot()
    scrub.focus()
    scrub.press("End")
    until(other, f"document.querySelector('input[type=range]').value === '{last}'")
    end = other.locator(".panel canvas").first.screenshot()
    assert first != end
    assert colours(Image.open(io.BytesIO(end)).convert("RGB")) > 50
    assert problems == []
    assert set(asked) <= {"file", "data", "blob"}


def test_a_gif_of_the_race(lab_page, tmp_path):
    page = lab_page(fragment(members=[{"divergence": "js"}]))
    page.started()
    page.wait("lab.frames > 8")
    page.page.locator("#tab-share").click()
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="Download GIF").click()
    path = tmp_path / "race.gif"
    download.value.save_as(path)
    with Image.open(path) as picture:
        assert picture.format == "GIF"
        assert picture.n_frames >= 5
        picture.seek(picture.n_frames - 1)
        assert colours(picture.convert("RGB")) > 30


def test_the_script_repeats_the_race(lab_page, tmp_path, python):
    page = lab_page(fragment(members=[{"divergence": "js"}], seed=5))
    page.started()
    page.page.locator("#tab-share").click()
    page.page.get_by_role("button", name="Write the script").click()
    code = page.page.locator("pre.more-code")
    code.filter(has_text="import").wait_for()
    script = tmp_path / "race.py"
    script.write_text(code.inner_text(), encoding="utf-8")
    result = python("-c", f"import runpy; runpy.run_path({str(script)!r})", cwd=tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.fixture
def runs(tmp_path):
    paths = []
    for divergence in ("js", "kl"):
        paths.append(tmp_path / divergence)
        fgan.train("digits", paths[-1], steps=40, divergence=divergence, say=lambda line: None)
    return paths


def test_run_directories_are_shown_side_by_side(lab_page, runs):
    with lab(*runs) as of_runs:
        page = lab_page(of=of_runs)
        page.wait("lab.kind === 'pictures'")
        page.page.locator("#tab-gallery").click()
        assert page.page.locator(".gallery-card").count() == 2
        page.page.locator(".gallery-card canvas").first.wait_for()
        before = page.page.locator(".gallery-card canvas").first.screenshot()
        assert colours(Image.open(io.BytesIO(before)).convert("RGB")) > 10
        shown = page.state("frames")
        page.page.locator("#gallery-value").fill("2.5")
        page.wait(f"lab.frames > {shown}")
        assert page.page.locator(".gallery-card canvas").first.screenshot() != before
        page.page.close()


def test_digits_are_trained_as_pictures(lab_page):
    page = lab_page(fragment(target="digits", members=[{"divergence": "js"}]))
    page.started("s.target === 'digits'")
    assert page.state("kind") == "pictures"
    assert colours(page.canvas(".panel:nth-child(1) canvas")) > 10

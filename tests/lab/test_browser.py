"""The race on the lab's page, in a real browser."""

import os
import signal

import pytest
from lab_browser import colours, fragment, near, settings_of, until
from lab_server import trainers

from fgan.lab import Settings

pytestmark = pytest.mark.slow

PANEL = ".panel:nth-child(1) canvas"


def colour_of(lab, k):
    """The colour of a member, as the browser computes it."""
    return lab.page.evaluate(
        "(k) => { const one = document.createElement('i'); one.style.color = `var(--m${k})`; document.body.append(one);"
        " const found = getComputedStyle(one).color; one.remove(); return found; }",
        k,
    )


def test_a_race_starts_by_itself_and_is_drawn(lab_page):
    lab = lab_page()
    lab.started()
    assert [member["divergence"] for member in lab.state("settings.members")] == [
        "kl",
        "reverse-kl",
        "js",
        "gan",
    ]
    lab.wait("lab.step > 20")
    assert lab.page.locator(".panel").count() == 4
    for k in range(4):
        picture = lab.canvas(f".panel:nth-child({k + 1}) canvas")
        assert colours(picture) > 50, "the panel is blank"
        assert near(picture, colour_of(lab, k)) > 100, "no samples in the member's colour"
    chart = lab.canvas("#charts canvas >> nth=0")
    assert colours(chart) > 10
    numbers = lab.page.locator(".panel").first.inner_text()
    assert "/ 8" in numbers
    assert lab.page.locator(".problem:visible").all_inner_texts() in ([], [""])


def test_another_divergence_takes_its_place(lab_page):
    lab = lab_page(fragment(members=[{"divergence": "kl"}, {"divergence": "js"}]))
    lab.started("s.members.length === 2")
    step = lab.state("step")
    field = lab.page.get_by_label("Divergence of member 2: a name or a formula").and_(
        lab.page.locator("input")
    )
    field.fill("pearson")
    field.press("Enter")
    lab.started("s.members[1].divergence === 'pearson'")
    assert lab.state("run") == 1, "a change goes on with the same race"
    lab.wait(f"lab.step > {step}")
    assert lab.page.locator(".panel >> nth=1").inner_text().startswith("pearson")
    assert settings_of(lab.page.url)["members"][1]["divergence"] == "pearson"
    field.fill("no-such-divergence")
    field.press("Enter")
    problem = lab.page.locator(".member .problem", has_text="no-such-divergence")
    problem.wait_for()
    assert "Still in use: pearson" in problem.inner_text()
    assert lab.state("settings.members")[1]["divergence"] == "pearson"


def test_the_keyboard_steps_exactly_once(lab_page):
    lab = lab_page(fragment(members=[{"divergence": "js"}]))
    lab.started()
    lab.page.locator("body").press("s")  # the first one pauses
    until(lab.page, "document.querySelector('#do-play').textContent === 'Play'")
    before = settled_step(lab)
    lab.page.locator("body").press("s")
    lab.wait(f"lab.step > {before}")
    assert settled_step(lab) == before + 1


def settled_step(lab):
    """The step, once nothing more is drawn: twenty pictures of the screen without a new frame."""
    return lab.page.evaluate(
        """async () => {
            for (let still = 0, drawn = -1; still < 20; still += 1) {
                if (fganLab.frames !== drawn) [still, drawn] = [0, fganLab.frames];
                await new Promise(requestAnimationFrame);
            }
            return fganLab.step;
        }"""
    )


def test_a_target_drawn_with_the_mouse(lab_page):
    lab = lab_page(fragment(members=[{"divergence": "js"}]))
    lab.started()
    lab.page.locator("#draw > summary").click()
    board = lab.page.locator("#draw canvas")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    mouse = lab.page.mouse
    mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2, steps=20)
    mouse.up()
    lab.page.locator("#draw-use").click()
    lab.started("s.target === 'drawn'")
    points = lab.state("settings.points")
    assert len(points) >= 10
    assert all(abs(y) < 0.1 for _, y in points)
    assert points[0][0] == pytest.approx(-0.9, abs=0.1)
    assert points[-1][0] == pytest.approx(0.9, abs=0.1)
    assert colours(lab.canvas(PANEL)) > 50


def test_a_table_dropped_on_the_page(lab_page):
    lab = lab_page(fragment(members=[{"divergence": "js"}]))
    lab.started()
    text = "x,y\n" + "".join(f"{k % 7},{k % 5}\n" for k in range(50))
    lab.page.evaluate(
        """(text) => {
            const carried = new DataTransfer();
            carried.items.add(new File([text], "rows.csv", {type: "text/csv"}));
            for (const kind of ["dragover", "drop"]) document.body.dispatchEvent(
                new DragEvent(kind, {dataTransfer: carried, bubbles: true, cancelable: true}));
        }""",
        text,
    )
    lab.started("s.target === 'rows'")
    assert lab.state("settings.points") == [[k % 7, k % 5] for k in range(50)]


def test_a_link_brings_the_same_settings_back(lab_page):
    chosen = {
        "target": "moons",
        "members": [{"divergence": "js", "loss": "saturating", "follow": None}],
        "lr": 0.002,
        "penalty": "gp",
        "gamma": 1.5,
        "width": 20,
        "depth": 1,
        "seed": 7,
    }
    lab = lab_page(fragment(**chosen))
    lab.started()
    settings = lab.state("settings")
    assert {name: settings[name] for name in chosen} == chosen
    lab.page.reload()
    lab.started()
    assert lab.state("settings") == settings


def test_a_damaged_link_is_said_to_be_damaged(lab_page):
    lab = lab_page("#damaged!")
    lab.started()
    assert "link" in lab.page.locator("#notes .problem").inner_text()


def test_the_page_says_when_its_trainer_is_gone_and_begins_again(lab_page, server):
    lab = lab_page(fragment(members=[{"divergence": "js"}]))
    lab.started()
    for number in trainers(server):
        os.kill(number, signal.SIGKILL)
    lab.page.locator("#bar:not([hidden]) button").click()
    lab.started("s.members[0].divergence === 'js'")
    assert lab.page.locator("#bar").is_hidden()


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
def test_a_phone_shows_everything_without_scrolling_sideways(lab_page, language, theme):
    lab = lab_page(
        viewport={"width": 360, "height": 740},
        device_scale_factor=2,
        has_touch=True,
        locale=language,
        color_scheme=theme,
    )
    lab.started()
    body = "getComputedStyle(document.body).backgroundColor"
    background = [int(part) for part in lab.page.evaluate(body).strip("rgb()").split(",")]
    assert (sum(background) < 200) == (theme == "dark")
    assert lab.page.evaluate("document.documentElement.lang").startswith(language)
    for tab in ("race", "any-f", "gallery", "stories", "share"):
        lab.page.locator(f"#tab-{tab}").click()
        assert lab.page.evaluate("document.documentElement.scrollWidth") <= 360, tab
        has_chinese = any("一" <= letter <= "鿿" for letter in lab.page.locator(f"#{tab}").inner_text())
        assert has_chinese == (language == "zh"), tab


def test_language_and_theme_change_at_once(lab_page):
    lab = lab_page(color_scheme="light")
    lab.started()
    lab.page.locator("#language").select_option("zh")
    assert lab.page.evaluate("document.documentElement.lang").startswith("zh")
    assert lab.page.locator("#do-play").inner_text() == "暂停"
    lab.page.locator("#theme").select_option("dark")
    assert near(lab.canvas("header.top"), "rgb(255, 255, 255)") < 400
    shown = lab.state("frames")
    lab.wait(f"lab.frames > {shown} + 2")


def test_the_page_and_python_begin_alike(lab_page):
    lab = lab_page()
    lab.started()
    usual = lab.page.evaluate("import('lab/settings.js').then((module) => module.DEFAULTS)")
    assert usual == {name: value for name, value in Settings().to_values().items() if name != "points"}

"""The page of an audit in a real browser; skipped where there is none."""

import numpy as np
import pytest
from browser import opened

import fgan

pytestmark = pytest.mark.slow


def test_the_page_fits_a_narrow_screen_and_escapes_what_tables_hold(tmp_path):
    random = np.random.default_rng(0)
    names = [f"column with a long name {k}" for k in range(8)]
    march = {name: random.normal(size=200) for name in names}
    april = {**{name: random.normal(size=200) for name in names}, names[0]: random.normal(2, 1, 200)}
    march["word"], april["word"] = ["<b>a</b>"] * 200, ["<b>a</b>", "c"] * 100
    found = fgan.audit(march, april, names=("<i>march</i>", "april"), drift=True, say=lambda line: None)
    page = tmp_path / "audit.html"
    page.write_text(found.to_html(page=True), encoding="utf-8")
    for tab in opened(tmp_path / "profile"):
        tab("Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=False)
        tab.open(page)
        assert tab.eval("document.documentElement.scrollWidth") <= 400
        assert tab.eval("document.querySelectorAll('i, b').length") == 0
        assert tab.eval("document.querySelector('h1').innerText") == "<i>march</i> and april"
        assert tab.eval("document.querySelector('.conclusion').innerText") == found.conclusion
        assert tab.eval("[...document.images].every((image) => image.naturalWidth > 100)")
        assert tab.of("Log.entryAdded") == []

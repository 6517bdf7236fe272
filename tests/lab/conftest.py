"""One browser and one server for the tests of the page."""

import pytest
from lab_browser import LabPage, chromium
from lab_server import lab


@pytest.fixture(scope="package")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def server(browser):
    with lab() as running:
        yield running


@pytest.fixture
def lab_page(browser, server):
    """Open pages; at the end each must have been without errors."""
    opened = []

    def open_page(fragment="", of=server, **options) -> LabPage:
        opened.append(LabPage(browser, of, fragment, **options))
        return opened[-1]

    yield open_page
    for page in opened:
        page.close()

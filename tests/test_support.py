"""What the tests themselves rest on."""

import pytest
from cases import one_fast, together


def test_every_case_that_breaks_is_named():
    ran = []

    @together("number, word", [(1, "a"), (2, "b"), (3, "c"), (4, "d")])
    def odd(number, word, fixture):
        ran.append((number, fixture))
        assert number % 2, f"{word} is even"

    with pytest.raises(
        AssertionError, match=r"2 of 4:\n2/b: AssertionError: b is even.*\n(.*\n)*4/d: "
    ) as caught:
        odd(fixture="given")
    assert ran == [(number, "given") for number in (1, 2, 3, 4)]
    assert "b is even" in str(caught.value.__cause__)


def test_no_case_is_no_test():
    with pytest.raises(AssertionError, match="no name to test"):
        together("name", [])(lambda name: None)()


def test_the_first_case_is_fast():
    first, second = one_fast(["a", "b"])
    assert first == "a" and second.values == ("b",) and second.marks[0].name == "slow"

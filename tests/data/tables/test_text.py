"""CSV as offices write it: what is found out, what is said, and what is refused with its line or its readings."""

import gzip
import random

import numpy as np
import pytest

from fgan.data.tables import is_table, read_table
from fgan.errors import DataError, FganError


@pytest.fixture
def written(tmp_path):
    def write(text, encoding="utf-8", name="t.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(written, separator, end):
    rows = [["a", "b", "c"], ["1.5", "2", "x"], ["-3", "4", '"y, z"']]
    table = read_table(written(end.join(separator.join(row) for row in rows) + end))
    assert [column.tolist() for column in table.values()] == [[1.5, -3.0], [2, 4], ["x", "y, z"]]
    assert table["b"].dtype == np.int64


@pytest.mark.parametrize(
    ("cell", "rest"),
    [
        ("1.234,56", "0,5"),
        ("1,234.56", "0.5"),
        ("1 234,56", "0,5"),
        ("1'234.56", "0.5"),
        ("1\u00a0234,56", "0,5"),
        ("1\u2019234.56", "0.5"),
        ("1234,56", "\u22120,5"),
    ],
)
def test_number_formats(written, cell, rest):
    values = read_table(written(f"a;b\n{cell};1\n{rest};2\n"))["a"]
    assert np.abs(values).tolist() == [1234.56, 0.5]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"]
)
def test_encodings_and_compression(written, encoding):
    content = "stadt;x\nZürich;1,5\nKöln;2\n".encode(encoding)
    for packed in (content, gzip.compress(content)):
        table = read_table(written(packed))
        assert table["stadt"].tolist() == ["Zürich", "Köln"] and table["x"].tolist() == [1.5, 2.0]
    assert ("cp1252" in table.how) == (encoding in ("cp1252", "latin-1"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'a,b\n"1,234",2\n"5,678",3\n',
            r'"1,234" in line 2 .* is ambiguous: 1234 \(decimal point\) or 1.234 ',
        ),
        ("a;b\n1.234;2\n5.678;3\n", "is ambiguous"),
        ("a\n1,234\n", "is ambiguous"),
        ("a\n1.234\n678\n", "is ambiguous"),
        (
            "a,b;c,d\n1,2;3,4\n",
            r"is ambiguous: comma: 3 columns.*semicolon: 2 columns.*--separator comma or semicolon",
        ),
        ("a;b,c\n1;2,3\n", "is ambiguous"),
        ("a;b\n1,5;2.5\n2,5;3.5\n", "has a decimal comma, but .* has a decimal point"),
        ("1.5,2\n2.5,3\n", "holds numbers.*--no-header"),
        ("a,b\n1,2\n3\n", "line 3 has 1"),
        ('a,b\n1,"x\n2,y\n', "Check its quotes"),
        ("a,,b\n1,2,3\n", "column 2 has none"),
        ("Report\n\na;b\n1;2\n3;4\n", 'table with 2 columns seems to begin at "a;b"'),
        ("1.0 2.0\n3.0 4.0\n", "separated by space"),
        (
            "a\n" + "".join(f"{n}\n" for n in range(511)) + "12a\n5\n",
            '1 of 513 cells are not, the first "12a" in line 513',
        ),
        ("a,b\n" + "".join(f"{n}%,2\n" for n in range(30)), 'amounts such as "0%" .line 2'),
        ("a,b\n" + "".join(f"0{1 + n % 9}/03/2024,2\n" for n in range(30)), "day and month are ambiguous"),
        ("d,x\n2024-01-31T10:00:00Z,1\n2024-02-01T10:00:00,2\n", "time zone, or none"),
        ("<table><tr><td>1</td></tr></table>\n", "is HTML or XML"),
        ('{"a": [1, 2],\n"b": [3, 4]}\n', "is JSON"),
        (b"PK\x03\x04" + bytes(40), "a spreadsheet .*as CSV"),
        (b"\x00\x01\x02" * 50, "not a text file"),
        (b"", "it has 0 non-empty lines"),
    ],
)
def test_what_cannot_be_read_or_in_two_ways_is_refused(written, text, message):
    with pytest.raises(DataError, match=message):
        read_table(written(text))


def test_flags_decide(written):
    path = written('a,b\n"1,234",2\n"5,678",3\n')
    assert read_table(path, decimal=",")["a"].tolist() == [1.234, 5.678]
    assert read_table(path, thousands="comma")["a"].tolist() == [1234, 5678]
    path = written("a,b;c,d\n1,2;3,4\n")
    assert read_table(path, separator="semicolon")["a,b"].tolist() == [1.2]
    assert read_table(path, separator=",")["b;c"].tolist() == ["2;3"]
    assert list(read_table(written("1.0 2.0\n3.0 4.0\n"), separator="space", header=False)) == [
        "column 0",
        "column 1",
    ]
    for wrong in (
        {"separator": "x"},
        {"encoding": "utf-9"},
        {"decimal": ",", "thousands": ","},
        {"missing": "no"},
    ):
        with pytest.raises(DataError):
            read_table(path, **wrong)


@pytest.mark.parametrize(
    ("text", "said", "names"),
    [
        ("a;b;\n1;2;\n3;4;\n", "an empty value at the end", ["a", "b"]),
        ("a;b\n1;2\n3;4\n;\n", "1 line", ["a", "b"]),
        (",a,b\n0,1,x\n1,2,y\n", "counts rows, left out", ["a", "b"]),
        ("# by us\na,b\n1,2\n3,4\n", "1 line of comments", ["a", "b"]),
        ("#a,b\n1,2\n3,4\n", "comma", ["a", "b"]),
        ("sep=;\na;b\n1;2\n", "semicolon", ["a", "b"]),
    ],
)
def test_what_is_left_out_is_said(written, text, said, names):
    table = read_table(written(text))
    assert list(table) == names and said in table.how and table["b"][0] in (2, "x")


def test_dates_times_and_codes(written):
    table = read_table(
        written(
            "day,moment,time,lasting,zip\n1970-01-02,1970-01-02T12:00:00+02:00,10:30,1 days 00:00:01,00501\n"
            "1970-01-03,1970-01-03 00:00:00Z,00:00:01,0 days 00:00:00,10001\n"
        )
    )
    assert table["day"].tolist() == [1, 2] and table.columns["day"].unit == "days since 1970-01-01"
    assert table["moment"].tolist() == [1 + 10 / 24, 2]
    assert table["time"].tolist() == [37800, 1] and table["lasting"].tolist() == [86401, 0]
    assert table["zip"].tolist() == ["00501", "10001"]
    assert read_table(written("zip\n00501\n10001\n"), kinds={"zip": "number"})["zip"].tolist() == [501, 10001]
    assert read_table(written("d\n31.01.1970\n"))["d"].tolist() == [30]


MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "-", "?", "#N/A", "<NA>"]


@pytest.mark.parametrize("word", MISSING)
@pytest.mark.parametrize("column", ["number", "word"])
def test_missing_cells_are_named_or_dropped(written, word, column):
    rows = [["1.5", "x"], ["2.5", "y"], ["3.5", "z"]]
    rows[1][column == "word"] = word
    path = written("number,word\n" + "".join(",".join(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=f'column "{column}" of .* in line 3'):
        read_table(path)
    table = read_table(path, missing="drop")
    assert (
        table.dropped == 1 and table["number"].tolist() == [1.5, 3.5] and table["word"].tolist() == ["x", "z"]
    )


def test_an_empty_line_of_one_column_is_a_missing_cell(written):
    with pytest.raises(DataError, match="is empty in line 3"):
        read_table(written("age\n31\n\n45\n\n"))


def test_tables_are_known_by_their_content(written):
    assert is_table(written("a,b\n1,2\n", name="trips"))
    assert not is_table(written(b"\x93NUMPY\x01\x00", name="array"))
    assert not is_table(written(b"\x89PNG\r\n\x1a\n", name="picture"))


def test_mutated_files_are_tables_or_refused(written):
    chance = random.Random(0)
    seeds = [
        "a;b;c\n1,5;2;x\n2,25;3;y\n".encode("utf-16"),
        b'a,b\n"1,234.5",2024-01-31\n12.5,2024-02-01\n',
        b"# c\n,age,city\n0,31,Bern\n1,NA,Thun\n",
        gzip.compress(b"a\tb\n1\t2\n3\t4\n"),
        "a|b\r\nZürich|1 234\r\n'x'|5%\r\n".encode("cp1252"),
    ]
    bits = [
        b",",
        b";",
        b"\n",
        b'"',
        b"\r",
        b"\0",
        b"\xff",
        b"1.234",
        b"NA",
        b"#",
        b"sep=;\n",
        b" ",
        b"-",
        b"e9",
        b"0",
    ]
    for _ in range(600):
        content = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(content) + 1)
            content[place : place + chance.choice((0, 0, 1, 5))] = chance.choice(bits)
        path = written(bytes(content))
        try:
            table = read_table(path, header=chance.random() < 0.8, missing=chance.choice(("refuse", "drop")))
        except FganError:
            continue
        assert len({len(column) for column in table.values()}) == 1 and table.how


def test_a_title_before_the_names_is_named(written):
    text = "Report of 2024\nmade by hand\n\n" + "\n".join(["a,b", *(f"{k},x" for k in range(20))])
    with pytest.raises(DataError, match=r'table with 2 columns seems to begin at "a,b".*start them with #'):
        read_table(written(text))


def test_columns_between_spaces_are_asked_for(written):
    path = written("age  city\n" + "\n".join(f"{20 + k}   x" for k in range(20)), name="t.dat")
    with pytest.raises(DataError, match=r"2 values separated by spaces.*--separator space"):
        read_table(path)
    assert read_table(path, separator=" ")["age"].tolist() == list(range(20, 40))
    alone = read_table(written("net income\n" + "\n".join(f"{k} 234" for k in range(1, 20))))
    assert alone["net income"][0] == 1234
    assert list(read_table(written("full name\nAda Byron\nAlan Turing\n"))) == ["full name"]


@pytest.mark.parametrize("cell", ["\u0131nf", "inf\u0131n\u0131ty"])
def test_letters_like_those_of_infinity_are_words(written, cell):
    table = read_table(written(f"a,b\n{cell},1\nx,2\n"))
    assert table["a"].tolist() == [cell, "x"]


def test_words_of_many_spaces_are_read_in_no_time(written):
    words = ["x" + " " * 50_000 + end for end in "ab"]  # a search by a pattern with \\s* takes minutes
    assert read_table(written("a,b\n" + "".join(f"{word},1\n" for word in words * 15)))["a"][1] == words[1]


def test_amounts_are_told_by_their_unit_at_either_end(written):
    for cell in ("$5", "5 %", "EUR 5", "5EUR", "$ 5 ‰"):
        with pytest.raises(DataError, match="holds amounts such as"):
            read_table(written(f"a,b\n{cell},x\n{cell},y\n"))

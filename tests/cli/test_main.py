"""The entry of the commands: what reaches the terminal from a file that anyone may have written."""

import pytest

from release_assets.cli.main import printable


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("case 'c\x1b[31m' is odd", "case 'c\\x1b[31m' is odd"),
        ("\x9b2J", "\\x9b2J"),
        ("a\rb\tc\u202ed", "a\\rb\\tc\\u202ed"),
        ("two\nlines, 質問, é", "two\nlines, 質問, é"),
    ],
)
def test_a_message_cannot_move_the_terminal(text, printed):
    assert printable(text) == printed


def test_what_a_file_holds_is_escaped_on_its_way_to_the_terminal(run, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"case": "c\\u001b[31m", "scorer": "s", "score": 1}')

    found = run("compare", "--baseline", str(rows), "--candidate", str(rows))

    assert found.code == 2
    assert "\x1b" not in found.err
    assert "'case' must be printable text, not the text 'c\\x1b[31m'" in found.err

"""A small feature repository that every tool is content with, and ways to spoil it."""

CONFIGURATION = """\
[tool.ruff.lint]
select = ["E", "F"]
[tool.mypy]
files = ["answers"]
strict = true
[tool.pytest.ini_options]
testpaths = ["tests"]
"""
CODE = '"""Answers."""\n\n\ndef days() -> int:\n    return 28\n'
TEST = "from answers.leave import days\n\n\ndef test_days() -> None:\n    assert days() == 28\n"
FEATURE = "features/small"


def write(tree, files):
    for name, content in files.items():
        path = tree / FEATURE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tree


def small_tree(tree, **spoiled):
    """`leave` is the code, `test` its test, `configuration` the pyproject.toml."""
    files = {
        "pyproject.toml": spoiled.get("configuration", CONFIGURATION),
        "answers/__init__.py": "",
        "answers/leave.py": spoiled.get("leave", CODE),
        "tests/test_leave.py": spoiled.get("test", TEST),
    }
    return write(tree, files)


def by_tool(reports):
    return {report.tool: report for report in reports}

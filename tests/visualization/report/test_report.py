"""The page in a real browser, with its console; skipped where there is no Chromium."""

import sys

import pytest

from actorsup.errors import InputError
from actorsup.visualization.report import Limits, make_report
from tests.browser import wait
from tests.visualization.report.runs import HOSTILE, make_run

LIST = "return [...document.querySelectorAll('#list tr:not([hidden]) td:first-child')].map((cell) => cell.textContent)"
PLAYING = "return document.querySelectorAll('article:not([hidden])').length"
CHOOSE = """
document.getElementById(arguments[0]).value = arguments[1];
document.getElementById("filters").dispatchEvent(new Event("input"));
"""
PIXELS = """
const canvas = document.querySelector("article:not([hidden]) canvas");
const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
let white = 0;
for (let i = 0; i < pixels.length; i += 4) if (Math.min(pixels[i], pixels[i + 1], pixels[i + 2]) > 240) white += 1;
return white;
"""


@pytest.fixture
def opened(browser, tmp_path):
    """The browser with the page of two runs, once it has drawn itself."""
    first = make_run(tmp_path / "first", wrong=(1, 2), num_videos=5)
    second = make_run(tmp_path / "second", wrong=(1,), num_videos=5, loss=3.0)
    path, _ = make_report([first, second], tmp_path / "page.html")
    browser.get(path.as_uri())
    wait(
        browser,
        "return document.body.dataset.ready === 'true' && document.querySelectorAll('.plot-container').length > 0",
    )
    wait(browser, f"return (() => {{ {PIXELS} }})() > 0")
    return browser


def test_the_page_draws_itself_without_a_word_in_the_console_and_asks_for_nothing(opened):
    assert opened.get_log("browser") == []
    loaded = opened.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert [name for name in loaded if not name.startswith("data:")] == []
    assert opened.execute_script("return document.querySelectorAll('.chart .plot-container').length") == 7
    assert opened.execute_script("return document.querySelectorAll('article canvas').length") == 10
    assert opened.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")


def test_filters_by_class_and_by_error_choose_videos_in_gallery_and_list(opened):
    assert len(opened.execute_script(LIST)) == opened.execute_script(PLAYING) == 5
    opened.execute_script(CHOOSE, "error", "classified_wrongly")
    assert opened.execute_script(LIST) == ["video_1", "video_2"]
    assert opened.execute_script(PLAYING) == 2
    opened.execute_script(CHOOSE, "error", "")
    opened.execute_script(CHOOSE, "class", HOSTILE)
    assert opened.execute_script(LIST) == ["video_1", "video_2", "video_3"]  # shown, or given by a run
    assert opened.get_log("browser") == []


def test_a_video_plays_and_stops_and_is_scrubbed(opened):
    frame = "return Number(document.querySelector('article .controls input').value)"
    before = opened.execute_script(frame)
    opened.execute_script("document.querySelector('article button').click()")
    wait(opened, f"return (() => {{ {frame} }})() !== {before}")
    opened.execute_script("document.querySelector('article button').click()")
    stopped = opened.execute_script(frame)
    opened.execute_async_script("setTimeout(arguments[0], 300)")
    assert opened.execute_script(frame) == stopped
    opened.execute_script(
        "const slider = document.querySelector('article .controls input');"
        "slider.value = 7; slider.dispatchEvent(new Event('input'));"
    )
    assert opened.execute_script("return document.querySelector('article .controls span').textContent") == "frame 7"


def test_true_tubes_are_drawn_dashed_and_can_be_taken_away(opened):
    with_truth = opened.execute_script(PIXELS)
    opened.execute_script("document.getElementById('true').click()")
    wait(opened, f"return (() => {{ {PIXELS} }})() < {with_truth}")


def test_a_page_is_about_different_work_directories_and_names_tell_them_apart(tmp_path):
    one, two = make_run(tmp_path / "a" / "work"), make_run(tmp_path / "b" / "work")
    path, runs = make_report([one, two], limits=Limits(num_videos=1))
    assert path == one / "report.html"
    assert [run.name for run in runs] == ["a/work", "b/work"]
    for given in ([], [one, one / ".." / "work"]):
        with pytest.raises(InputError, match="a report needs different work directories"):
            make_report(given)


def test_a_report_that_fails_leaves_the_one_before(tmp_path):
    folder = make_run(tmp_path / "run")
    path, _ = make_report([folder], limits=Limits(num_videos=0))
    before = path.read_bytes()
    (folder / "predictions.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        make_report([folder])
    assert path.read_bytes() == before
    assert not list(folder.glob("*.tmp"))


def test_what_a_report_needs_is_named_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    for module in [name for name in sys.modules if name.startswith(("plotly.", "actorsup.visualization.report."))]:
        monkeypatch.delitem(sys.modules, module)
    with pytest.raises(InputError, match=r"pip install 'actorsup\[report\]'"):
        make_report([make_run(tmp_path / "run")])

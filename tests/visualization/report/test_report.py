"""The page in a real browser, with its console; skipped where there is no Chromium."""

import shutil
import sys

import pytest

from actorsup.errors import InputError
from actorsup.visualization.report import Limits, make_report
from tests.browser import look, violations, wait
from tests.visualization.report.runs import HOSTILE, make_run

LIST = "return [...document.querySelectorAll('#list tr:not([hidden]) td:first-child')].map((cell) => cell.textContent)"
PLAYING = "return document.querySelectorAll('article:not([hidden])').length"
CHOOSE = """
document.getElementById(arguments[0]).value = arguments[1];
document.getElementById("filters").dispatchEvent(new Event("input"));
"""
PIXELS = """
const canvas = document.querySelector("article:not([hidden]) canvas");
if (canvas.width === 0) return 0;
const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
let white = 0;
for (let i = 0; i < pixels.length; i += 4) if (Math.min(pixels[i], pixels[i + 1], pixels[i + 2]) > 240) white += 1;
return white;
"""


# Kept by the page from its first moment: what moved in it without being asked, and how many images it decoded.
WATCH = """
window.moved = [];
window.decoded = 0;
const observer = new PerformanceObserver((list) => window.moved.push(...list.getEntries().map((entry) => entry.value)));
observer.observe({ type: "layout-shift", buffered: true });
const decode = HTMLImageElement.prototype.decode;
HTMLImageElement.prototype.decode = function () {
  window.decoded += 1;
  return decode.call(this);
};
"""
DRAWN = """
const charts = [...document.querySelectorAll(".chart")];
return document.body.dataset.ready === "true" && charts.every((chart) => chart.querySelector(".plot-container"));
"""
FOCUSED = """
const { tagName, ariaLabel, textContent, id, type } = document.activeElement;
return [tagName, id, ariaLabel || textContent.trim(), type, getComputedStyle(document.activeElement).outlineStyle];
"""


@pytest.fixture
def screen(browser):
    """The browser, which has its own size and colours again afterwards."""
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page of two runs, of which the second gives video_2 right."""
    folder = tmp_path_factory.mktemp("page")
    first = make_run(folder / "first", wrong=(1, 2), num_videos=5)
    second = make_run(folder / "second", wrong=(1,), num_videos=5, loss=3.0)
    (first / "config.py").write_text("model = dict(head=dict(type='MeanHead'))")
    (second / "config.py").write_text("model = dict(head=dict(type='TopHead'))")
    return make_report([first, second], folder / "page.html")[0]


@pytest.fixture
def opened(screen, page):
    """The browser with the page once it has drawn itself, at its videos."""
    screen.get(page.as_uri())
    wait(screen, DRAWN)
    screen.execute_script("document.getElementById('gallery').scrollIntoView()")
    wait(screen, f"return (() => {{ {PIXELS} }})() > 0")
    return screen


@pytest.fixture
def watched(screen):
    """The browser, in which pages keep what ``WATCH`` names."""
    script = screen.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    yield screen
    screen.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


def press(browser, *keys: str) -> list[str]:
    """Press keys; tag, id, name, type and outline of what has the focus then."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    ActionChains(browser).send_keys(*(getattr(Keys, key) for key in keys)).perform()
    return browser.execute_script(FOCUSED)


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_readers_see_and_reach_everything_at_any_width_in_any_colours(screen, page, width, scheme):
    look(screen, width, scheme)
    screen.get(page.as_uri())
    wait(screen, DRAWN)
    assert violations(screen) == []
    screen.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
    assert violations(screen) == []
    assert screen.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    beyond = (
        "return [...document.querySelectorAll('.chart .main-svg')].filter((svg) => svg.getBoundingClientRect().right"
    )
    assert screen.execute_script(f"{beyond} > window.innerWidth).length") == 0


def test_charts_take_the_colours_of_the_page_when_these_change(screen, page):
    def brightness() -> list[float]:
        colors = "return [...document.querySelectorAll('.xtick text')].map((text) => getComputedStyle(text).fill)"
        parts = [color.strip("rgb()").split(",") for color in screen.execute_script(colors)]
        assert parts
        return [sum(map(float, each)) / 3 for each in parts]

    look(screen, 1280, "light")
    screen.get(page.as_uri())
    wait(screen, DRAWN)
    assert max(brightness()) < 100
    look(screen, 1280, "dark")
    wait(
        screen,
        "return getComputedStyle([...document.querySelectorAll('.xtick text')].at(-1)).fill === 'rgb(228, 232, 236)'",
    )
    assert min(brightness()) > 200


@pytest.mark.parametrize("parts", ["all", "predictions"])
def test_a_page_of_many_videos_stands_still_and_decodes_what_is_near(watched, tmp_path, parts):
    folder = make_run(tmp_path / "run", num_videos=60)
    if parts == "predictions":  # without charts, the videos are in sight at once
        for path in folder.glob("*"):
            if path.is_file() and path.stem != parts:
                path.unlink()
        shutil.rmtree(folder / "20260101_000000")
    path, _ = make_report([folder], limits=Limits(num_videos=60))
    look(watched, 390, "light")
    watched.get(path.as_uri())
    wait(watched, DRAWN)
    watched.execute_async_script("setTimeout(arguments[0], 500)")
    assert watched.execute_script("return document.querySelectorAll('article').length") == 60
    assert watched.execute_script("return decoded") <= (0 if parts == "all" else 5)
    watched.execute_script("document.getElementById('clip-40').scrollIntoView()")
    wait(watched, "return document.querySelector('#clip-40 canvas').width > 0 && decoded > 0")
    watched.execute_async_script("setTimeout(arguments[0], 300)")
    assert watched.execute_script("return decoded") < 20
    assert watched.execute_script("return document.querySelector('#clip-0 canvas').width") == 0
    assert watched.execute_script("return moved") == []


def test_the_keyboard_reaches_everything_and_shows_where_it_is(screen, page):
    look(screen, 1280, "light")
    screen.get(page.as_uri())
    wait(screen, DRAWN)
    assert press(screen, "TAB")[2] == "Skip to the content"
    assert press(screen, "ENTER")[1] == "content"
    reached = [press(screen, "TAB")]
    while reached[-1][0] != "BODY" and len(reached) < 200:
        reached.append(press(screen, "TAB"))
    assert reached.pop()[0] == "BODY"
    assert {outline for *_, outline in reached} <= {"solid", "auto"}
    names = [name for _, _, name, _, _ in reached]
    assert names[0] == "main numbers, from first to second"
    assert {"play video_1", "frame of video_1", "save Training, loss, as an image", "all videos"} <= set(names)
    assert {"class", "error", "tubes", "true"} <= {identity for _, identity, *_ in reached}


def test_keys_play_a_video_and_move_in_it(opened):
    opened.execute_script("document.querySelector('article button').focus()")
    assert press(opened, "SPACE")[2].startswith("pause ")
    assert press(opened, "ENTER")[2].startswith("play ")
    frame = "return Number(document.querySelector('article .controls input').value)"
    press(opened, "TAB", "HOME")
    assert opened.execute_script(frame) == 0
    press(opened, "RIGHT", "RIGHT")
    assert opened.execute_script(frame) == 2


def test_a_changed_video_is_a_link_to_where_it_plays_even_if_it_is_filtered_away(opened):
    opened.execute_script("document.getElementById('class').append(new Option('of no video'))")
    opened.execute_script(CHOOSE, "class", "of no video")
    assert opened.execute_script(PLAYING) == 0
    link = "const link = document.querySelector('.links a'); "
    assert opened.execute_script(link + "return link.textContent") == "video_2"
    opened.execute_script(link + "link.click()")
    target = "const target = document.querySelector(':target'); "
    assert opened.execute_script(target + "return target.querySelector('h3').textContent") == "video_2 (walk)"
    assert opened.execute_script(target + "return target.hidden") is False
    wait(opened, target + "const { top } = target.getBoundingClientRect(); return top >= 0 && top < window.innerHeight")


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

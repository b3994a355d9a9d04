"""What the Train page says of readiness, runs, comparisons and models."""

import dataclasses
import re
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from app.pages import learning_views as views
from app.workflows.learning import CategoryUse, Comparison, ModelView, Readiness, RunState, RunView

BEGAN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOSTILE = "${alert(1)}<img src=x onerror=alert(1)>"


def words(markup):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", markup)).strip()


def run(folder, **changes):
    plain = RunView(
        id=3,
        state=RunState.RUNNING,
        snapshot_id=2,
        parent_model="base",
        parent_sha256="ab",
        continued=False,
        minutes=0.5,
        started_at=BEGAN,
        ended_at=None,
        message="learning",
        folder=folder,
        model_id=None,
        comparison=None,
    )
    return dataclasses.replace(plain, **changes)


def step(number, **values):
    return {"kind": "step", "step": number, "seconds": 1.0, "loss": 4.0, "masks": 3.0, **values}


def compared(before, after, images=12, name="base"):
    return Comparison(images, name, before, after, "ab", 0.1, 0.25)


def test_readiness_tells_counts_warnings_and_the_problem():
    use = CategoryUse(HOSTILE, 4, 2, 1)
    readiness = Readiness(3, 2, 1, (use,), ("few images",), "finish one first")
    told = words(views.show_readiness(readiness))
    assert "3 done · 2 to learn from · 1 held back" in told
    assert "few images" in told
    assert "finish one first" in told


def test_only_categories_with_segments_are_listed_and_the_others_counted():
    uses = [CategoryUse("cat", 4, 2, 1), CategoryUse("dog", 0, 0, 0), CategoryUse("held", 0, 0, 2)]
    told = words(views.show_categories(uses))
    assert "cat 4 2 1" in told
    assert "held 0 0 2" in told
    assert "dog" not in told
    assert told.endswith("Categories without a segment: 1")


def test_names_of_all_kinds_are_text(tmp_path):
    model = ModelView(1, HOSTILE, "ab", HOSTILE, 2, 3, {}, BEGAN, True)
    shown = "".join(
        (
            views.show_categories([CategoryUse(HOSTILE, 1, 1, 0)]),
            views.show_models([model], HOSTILE),
            views.show_runs([run(tmp_path, message=HOSTILE, parent_model=HOSTILE)]),
            views.show_run(run(tmp_path, message=HOSTILE, parent_model=HOSTILE), [], BEGAN),
            views.show_comparison(compared({HOSTILE: 0.1}, {HOSTILE: 0.2}, 1, HOSTILE)),
            views.show_message(HOSTILE),
        )
    )
    assert "<img" not in shown
    assert "${" not in shown
    assert shown.count("onerror=alert(1)") >= 8


def test_a_run_that_has_made_no_step_says_for_how_long(tmp_path):
    told = words(views.show_run(run(tmp_path, state=RunState.STARTING, message=""), [], BEGAN + timedelta(seconds=7)))
    assert told.startswith("Run 3: starting")
    assert "for 7 s" in told


def test_a_run_tells_share_step_loss_speed_and_time_left(tmp_path):
    record = step(20, fraction=0.42, remaining_s=17.4, images_per_s=11.26)
    told = words(views.show_run(run(tmp_path), [step(1), record], BEGAN))
    assert "42% · step 20 · loss 4 · 11.3 images/s · 17 s left" in told


@pytest.mark.parametrize("left", [{"fraction": 1.04, "remaining_s": 0.0}, {"fraction": 1.0, "remaining_s": None}])
def test_a_trained_run_says_what_it_does_now(tmp_path, left):
    told = words(views.show_run(run(tmp_path, message="comparing"), [step(20, **left)], BEGAN))
    assert "100% · step 20 · loss 4 · comparing" in told


def test_a_loss_that_is_not_finite_does_not_break_the_page(tmp_path):
    records = [step(1, loss=float("nan"), masks=float("inf"))]
    assert "loss nan" in words(views.show_run(run(tmp_path), records, BEGAN))
    assert "<svg" not in views.show_curves(records)


def test_curves_show_loss_and_terms_and_scores_from_the_second_judging_on():
    scores = [{"kind": "scores", "step": number, "seconds": 1.0, "ar": 0.1 * number} for number in (1, 2)]
    steps = [step(1), step(2, loss=3.0), {"kind": "pass", "step": 2}]
    assert re.findall("<b>([^<]*)</b>", views.show_curves([*steps, scores[0]])) == ["Loss", "Its terms"]
    assert "Scores on held-back images" in views.show_curves([*steps, *scores])
    assert views.show_curves([]).count("<svg") == 0


def test_a_problem_of_the_run_stands_out(tmp_path):
    records = [step(1), {"kind": "problem", "step": 1, "message": "the disk is full"}]
    assert '<p class="mw-bad" role="status">the disk is full</p>' in views.show_run(run(tmp_path), records, BEGAN)


def test_a_failed_run_says_why(tmp_path):
    shown = views.show_run(run(tmp_path, state=RunState.FAILED, message="the photo a.png is missing"), [], BEGAN)
    assert '<p class="mw-bad" role="status">the photo a.png is missing</p>' in shown


def test_no_run_says_what_to_do():
    assert "press Start" in words(views.show_run(None, [], BEGAN))


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (
            {"pq": 0.1, "ar": 0.2},
            {"pq": 0.3, "ar": 0.4},
            "Better on 12 held-back images: 2 of 2 measures better, 0 worse.",
        ),
        (
            {"pq": 0.3, "ar": 0.2},
            {"pq": 0.1, "ar": 0.2},
            "Worse on 12 held-back images: 0 of 2 measures better, 1 worse.",
        ),
        ({"pq": 0.3, "ar": None}, {"pq": 0.3, "ar": 0.2}, "As good as before on 12 held-back images: 0 of 1 measures"),
        ({"pq": 0.3, "ar": 0.1}, {"pq": 0.2, "ar": 0.2}, "As good as before on 12 held-back images: 1 of 2 measures"),
    ],
)
def test_the_verdict_counts_what_is_better_and_worse(before, after, verdict):
    assert verdict in words(views.show_comparison(compared(before, after)))


def test_each_measure_has_its_mark():
    before = {"pq": 0.1, "ar": 0.4, "r50": 0.5, "ap50": None}
    shown = views.show_comparison(compared(before, {"pq": 0.25, "ar": 0.3, "r50": 0.5004, "ap50": 0.1}))
    told = words(shown)
    assert "Panoptic quality (PQ) 0.100 0.250 ▲ +0.150 better" in told
    assert "Recall of 100 proposals (AR) 0.400 0.300 ▼ −0.100 worse" in told
    assert "Recall at IoU .5 0.500 0.500 = same" in told
    assert "AP50 of things, by category – 0.100 –" in told
    assert shown.count("mw-better") == 1
    assert shown.count("mw-worse") == 1


@pytest.mark.parametrize(("images", "doubted"), [(1, True), (9, True), (10, False)])
def test_few_held_back_images_are_said_to_mean_little(images, doubted):
    told = words(views.show_comparison(compared({"pq": 0.1}, {"pq": 0.2}, images)))
    assert ("mean little" in told) is doubted
    assert f"on {images} held-back image{'' if images == 1 else 's'}:" in told


def test_without_a_held_back_image_it_says_that_nothing_can_be_compared():
    assert "cannot be compared" in words(views.show_comparison(compared({}, {}, 0)))


def test_pictures_share_the_row_by_their_widths(tmp_path):
    assert views.show_pictures(run(tmp_path)) == ""
    for name, width in (("before.jpg", 652), ("after.jpg", 326)):
        Image.new("RGB", (width, 50)).save(tmp_path / name)
    shown = views.show_pictures(run(tmp_path))
    assert re.findall(r"flex: (\d+) 1 0", shown) == ["652", "326"]
    assert re.search(r'src="/api/v1/runs/3/pictures/before\.jpg\?v=\d+"', shown)


def test_the_thresholds_are_said_above_the_table():
    told = words(views.show_comparison(compared({"pq": 0.1}, {"pq": 0.2})))
    assert "shown from a score of 0.10 before and 0.25 after. Measure" in told


def test_a_damaged_picture_is_left_out(tmp_path):
    (tmp_path / "before.jpg").write_bytes(b"\xff\xd8cut")
    Image.new("RGB", (326, 50)).save(tmp_path / "after.jpg")
    assert re.findall(r"pictures/([a-z.]+)", views.show_pictures(run(tmp_path))) == ["after.jpg"]


def test_the_model_that_proposes_in_place_of_the_promoted_one_is_in_use():
    own = ModelView(4, "run-3", "cd", "base", 2, 3, {}, BEGAN, True)
    base = ModelView(0, "base", "ab", None, None, None, {}, None, False)
    told = words(views.show_models([own, base], "base proposes here", "ab"))
    assert told.startswith("base proposes here")
    assert "promoted run-3" in told
    assert "● in use base" in told


def test_models_tell_lineage_and_which_is_in_use():
    own = ModelView(4, "run-3", "cd", "base", 2, 3, {"pq": 0.4123, "ar": None}, BEGAN, True)
    base = ModelView(0, "base", "ab", None, None, None, {}, None, False)
    told = words(views.show_models([own, base], ""))
    assert f"● in use run-3 {BEGAN.astimezone():%Y-%m-%d %H:%M} base 2 0.412 –" in told
    assert "base came with the program – –" in told
    assert views.name_choice(own) == "run-3 (from snapshot 2, in use)"
    assert views.name_choice(base) == "base (the base model)"


def test_runs_tell_how_long_they_took(tmp_path):
    ended = run(tmp_path, state=RunState.STOPPED, ended_at=BEGAN + timedelta(seconds=41), message="stopped early")
    assert "stopped" in words(views.show_runs([ended]))
    assert "41 s base 2 stopped early" in words(views.show_runs([ended]))
    assert words(views.show_runs([])) == "No run yet."


@pytest.mark.parametrize(
    ("seconds", "said"), [(-1, "0 s"), (0.4, "0 s"), (99, "99 s"), (100, "2 min"), (5400, "90 min"), (9000, "2.5 h")]
)
def test_durations_as_people_say_them(seconds, said):
    assert views.duration(seconds) == said

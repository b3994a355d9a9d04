"""What the Train page's buttons do, without a browser."""

import gradio as gr
import pytest

from app.jobs import ProposalWorker
from app.pages.train import _TrainPage
from app.services import Services
from app.workflows.learning import RunState, find_run, models, promote
from app.workflows.learning.comparison_file import write_comparison
from app.workflows.learning.views import COMPARING, Comparison
from app.workflows.processes import name_process
from storage.runs import say_of_run, take_up_run
from tests.app.workflows.learning.corrected import add_made_model, base_model, corrected_workspace


@pytest.fixture
def made(tmp_path):
    """The page of a workspace whose run 1 made the model run-1 from the base model."""
    workspace, _ = corrected_workspace(tmp_path / "workspace", done=4, in_work=1)
    base = base_model(tmp_path)
    with workspace:
        parent = models(workspace, base=base)[-1].sha256
        add_made_model(workspace, "run-1", seed=1, parent_sha256=parent)
        with gr.Blocks():
            yield _TrainPage(Services(workspace, ProposalWorker(workspace, None), base))


def told(page, updates):
    return updates[page.told]


def in_use(page):
    return next(model.name for model in models(page.workspace, base=page.services.base_model) if model.promoted)


def test_going_back_needs_no_comparison(made):
    promote(made.workspace, 1, base=made.services.base_model)
    assert "base is in use" in told(made, made.on_keep(1))
    assert in_use(made) == "base"


def test_going_back_is_to_the_model_that_was_compared(made):
    other = add_made_model(made.workspace, "run-2", seed=2)
    folder = find_run(made.workspace, 1).folder
    folder.mkdir(parents=True)
    write_comparison(Comparison(0, "named otherwise since", {}, {}, other.sha256, 0.1, 0.2), folder)
    promote(made.workspace, 1, base=made.services.base_model)
    made.on_keep(1)
    assert in_use(made) == "run-2"


def test_going_back_to_a_model_that_is_gone_says_to_choose_from_the_list(made):
    other = add_made_model(made.workspace, "run-2", seed=2, parent_sha256="12" * 32)
    promote(made.workspace, other.id, base=made.services.base_model)
    assert "choose one from the list" in told(made, made.on_keep(other.run_id))
    assert in_use(made) == "run-2"


def test_stopping_an_ended_run_says_so_and_the_buttons_are_about_the_newest(made):
    add_made_model(made.workspace, "run-2", seed=2)
    updates = made.on_stop(1)
    assert "run 1 has ended already" in told(made, updates)
    assert updates[made.run_id] == 2


def test_a_run_that_is_compared_cannot_be_stopped_from_the_page(made):
    with made.workspace.database.write() as session:
        take_up_run(session, 1, RunState.RUNNING, name_process())
        say_of_run(session, 1, "learning")
    assert made.on_live("")[made.stop].interactive
    with made.workspace.database.write() as session:
        say_of_run(session, 1, COMPARING)
    assert not made.on_live("")[made.stop].interactive
    assert not made.refresh()[made.stop].interactive


def test_an_idle_tab_notices_promotions_and_runs_of_others_and_leaves_the_choice_alone_otherwise(made):
    seen = made.refresh()[made.seen]
    assert made.models not in made.on_idle(0.5, seen)
    promote(made.workspace, 1, base=made.services.base_model)
    updates = made.on_idle(0.5, seen)
    assert "in use" in updates[made.models]
    seen = updates[made.seen]
    add_made_model(made.workspace, "run-2", seed=2)
    updates = made.on_idle(0.5, seen)
    assert "run-2" in updates[made.models]
    assert updates[made.run_id] == 2


def test_the_estimate_follows_the_workspace_and_no_run_is_longer_than_the_longest(made):
    seen = made.refresh()[made.seen]
    assert "About" in made.on_idle(0.5, seen)[made.estimate]
    assert made.estimated(1e6) == made.estimated(float("nan")) == made.estimated(None) == ""


def test_the_list_of_runs_says_how_the_run_that_goes_on_stands(made):
    with made.workspace.database.write() as session:
        take_up_run(session, 1, RunState.STARTING, name_process())
    seen = made.refresh()[made.seen]
    assert made.runs not in made.on_live(seen)
    with made.workspace.database.write() as session:
        take_up_run(session, 1, RunState.RUNNING, name_process())
    updates = made.on_live(seen)
    assert "running" in updates[made.runs]
    assert "starting" not in updates[made.runs]
    assert made.runs not in made.on_live(updates[made.seen])

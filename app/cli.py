"""The command line. Heavy imports stay inside the commands, so `--help` and errors answer at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from app.command_options import Commands
from app.data_commands import add_export, add_import
from app.keeping_commands import add_backup, add_check
from app.option_types import positive
from app.settings import DEFAULT_MODEL, ServerSettings
from app.terminal import TerminalProgress
from app.user_commands import add_user
from app.workspace_options import add_workspace, given_blobs, given_database, open_workspace
from core.annotation.errors import MaskwrightError, TrainingError

if TYPE_CHECKING:
    from app.workflows.learning import RunView
    from storage.workspace import Workspace

# What a shell expects of a command ended by Ctrl-C.
STOPPED = 130
EVALUATED_TASKS = ("proposals", "semantic", "instance", "panoptic")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status. Errors meant for users go to stderr without a traceback."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run_command(options))
    except MaskwrightError as error:
        print(f"maskwright: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("maskwright: stopped", file=sys.stderr)
        return STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="launch.py",
        description="Maskwright: label images with a MaskFormer's help. Without a command it serves the page.",
    )
    parser.set_defaults(run_command=_serve)
    _add_serve_options(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", action=Commands)
    _add_propose(commands)
    add_import(commands)
    add_export(commands)
    _add_train(commands)
    _add_evaluate(commands)
    add_backup(commands)
    add_check(commands)
    add_user(commands)
    return parser


def _add_serve_options(parser: argparse.ArgumentParser) -> None:
    defaults = ServerSettings()
    add_workspace(parser)
    parser.add_argument("--host", default=defaults.host, help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=defaults.port, help="port to listen on (default %(default)s)")
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which people reach the server, as through a proxy; may be given several times",
    )
    parser.add_argument("--ssl-certfile", type=Path, metavar="FILE", help="serve by HTTPS, with this certificate (PEM)")
    parser.add_argument("--ssl-keyfile", type=Path, metavar="FILE", help="the certificate's key (PEM, not locked)")
    parser.add_argument("--open", action="store_true", dest="open_browser", help="open the page in the browser")
    parser.add_argument("--desktop", action="store_true", help="show the page in a window of its own (needs pywebview)")
    parser.add_argument("--model", help=f"model folder or name (default: the promoted model, else {DEFAULT_MODEL})")
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best there is)")
    _add_precision(parser)
    parser.add_argument("--no-model", action="store_true", help="serve stored proposals only, compute none")
    parser.add_argument("--api-only", action="store_true", help="serve the HTTP interface without the pages")


def _serve(options: argparse.Namespace) -> int:
    settings = ServerSettings(
        workspace=options.workspace,
        database=given_database(options),
        blobs=given_blobs(options),
        host=options.host,
        port=options.port,
        allowed_hosts=tuple(name.lower() for name in options.allowed_host),
        ssl_certfile=options.ssl_certfile,
        ssl_keyfile=options.ssl_keyfile,
        open_browser=options.open_browser,
        desktop=options.desktop,
        model=options.model,
        device=options.device,
        precision=options.precision,
        no_model=options.no_model,
        api_only=options.api_only,
    )
    if options.device is not None:
        from core.maskformer.device import choose_device

        choose_device(options.device)
    if settings.desktop:
        from app.desktop import show

        show(settings)
    else:
        from app.server import serve

        serve(settings)
    return 0


def _add_propose(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("propose", help="propose for all waiting images of a workspace, or for image files")
    parser.add_argument("--model", help=f"model folder or name (default: the promoted model, else {DEFAULT_MODEL})")
    parser.add_argument("--device")
    _add_precision(parser)
    add_workspace(parser.add_argument_group("for a workspace"), default=None)
    files = parser.add_argument_group("for image files, without a workspace")
    files.add_argument("images", nargs="*", metavar="IMAGE")
    files.add_argument("--limit", type=positive, help="proposals an image at most (default 100)")
    files.add_argument("--out", type=Path, metavar="FILE.json")
    parser.set_defaults(run_command=_propose)


def _propose(options: argparse.Namespace) -> int:
    for_files = ("images", "limit", "out")
    here, strange = ("IMAGE", ("database", "blobs")) if options.workspace is None else ("--workspace", for_files)
    given = [name for name in strange if getattr(options, name)]
    if given:
        what = "IMAGE" if given[0] == "images" else f"--{given[0]}"
        raise MaskwrightError(f"{what} does not go with {here}; leave it out")
    if options.workspace is None and not (options.images and options.out):
        raise MaskwrightError("say what to propose for: --workspace DIR, or IMAGE… --out FILE.json")
    return _propose_for_files(options) if options.workspace is None else _propose_for_workspace(options)


def _propose_for_files(options: argparse.Namespace) -> int:
    from app.workflows.propose_files import propose_files

    failures = propose_files(
        options.images,
        model=options.model or DEFAULT_MODEL,
        device=options.device,
        precision=options.precision,
        limit=options.limit or 100,
        out=options.out,
        progress=TerminalProgress("photos"),
    )
    if failures:
        print(f"maskwright: {failures} of {len(options.images)} photos failed; {options.out} says why", file=sys.stderr)
    return 1 if failures else 0


def _propose_for_workspace(options: argparse.Namespace) -> int:
    from app.model_choice import FollowPromotions
    from app.workflows.propose_waiting import propose_waiting

    with open_workspace(options) as workspace:
        settings = ServerSettings(model=options.model, device=options.device, precision=options.precision)
        choice = FollowPromotions(workspace, settings)()
        if choice.trouble:
            print(f"maskwright: {choice.trouble}", file=sys.stderr)
        waited = propose_waiting(workspace, choice.load(), progress=TerminalProgress("images"))
    for image_id, reason in waited.failed:
        print(f"maskwright: image {image_id}: {reason}", file=sys.stderr)
    print(f"{choice.info.name} proposed for {waited.answered} images, {len(waited.failed)} failed")
    return 1 if waited.failed else 0


def _add_train(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("train", help="train a model on data sets, or on the corrections of a workspace")
    parser.add_argument("--minutes", type=float, help="wall time of the training")
    parser.add_argument("--start", metavar="MODEL", help="model to begin from, in place of random weights")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--device")
    sets = parser.add_argument_group("on data sets")
    sets.add_argument("--data", nargs="+", type=Path, metavar="SET")
    sets.add_argument("--out", type=Path, metavar="DIR")
    sets.add_argument("--config", type=Path, metavar="FILE", help="JSON with the settings to change")
    sets.add_argument("--steps", type=positive, help="steps of the training, in place of --minutes")
    sets.add_argument("--backbone-weights", type=Path, metavar="FILE", help="ImageNet weights to start from")
    sets.add_argument("--resume", action="store_true", help="go on from the last checkpoint in DIR")
    work = parser.add_argument_group("on corrections")
    add_workspace(work, default=None)
    work.add_argument("--continued", action="store_true", help="go on from the promoted model, not the base model")
    work.add_argument("--promote", action="store_true", help="let the new model propose from now on")
    work.add_argument("--run", type=positive, metavar="ID", help="go on with a stopped or failed run")
    work.add_argument("--low-priority", action="store_true", help="leave a processor to other programs")
    parser.set_defaults(run_command=_train)


def _train(options: argparse.Namespace) -> int:
    _refuse_mixture(options)
    return _train_on_sets(options) if options.workspace is None else _train_on_corrections(options)


def _refuse_mixture(options: argparse.Namespace) -> None:
    """No option is silently ignored."""
    for_sets = ("data", "out", "config", "steps", "backbone_weights", "resume")
    for_work = ("database", "blobs", "continued", "promote", "run", "low_priority")
    here, strange = ("--data", for_work) if options.workspace is None else ("--workspace", for_sets)
    given = [name for name in strange if _is_given(options, name)]
    if options.workspace is not None and options.run is not None:
        given += [name for name in ("minutes", "start", "seed", "device", "continued") if _is_given(options, name)]
        here = "--run, which goes on as it was begun"
    if given:
        raise TrainingError(f"--{given[0].replace('_', '-')} does not go with {here}; leave it out")
    if options.workspace is None and not (options.data and options.out):
        raise TrainingError("say what to train on: --data SET… --out DIR, or --workspace DIR for its corrections")


def _is_given(options: argparse.Namespace, name: str) -> bool:
    value = getattr(options, name)
    return value is not None and value is not False


def _train_on_sets(options: argparse.Namespace) -> int:
    from app.workflows.train import TrainRequest, train
    from core.training.distributed import leads

    outcome = train(
        TrainRequest(
            data=tuple(options.data),
            out=options.out,
            config=options.config,
            minutes=options.minutes,
            steps=options.steps,
            backbone_weights=options.backbone_weights,
            start=options.start,
            seed=options.seed,
            resume=options.resume,
            device=options.device,
        )
    )
    if leads():
        print(f"{outcome.steps} steps in {outcome.seconds / 60:.1f} minutes; the model is in {options.out}")
    return STOPPED if outcome.interrupted else 0


def _train_on_corrections(options: argparse.Namespace) -> int:
    from app.workflows.learning import RunState, prepare_run
    from app.workflows.learning.requests import DEFAULT_MINUTES, RunRequest

    request = RunRequest(
        minutes=DEFAULT_MINUTES if options.minutes is None else options.minutes,
        continued=options.continued,
        base=options.start or DEFAULT_MODEL,
        device=options.device,
        seed=options.seed or 0,
    )
    with open_workspace(options) as workspace:
        run_id = options.run or prepare_run(workspace, request)
        from app.workflows.learning.carry_out import carry_out, keep_out_of_the_way

        if options.low_priority:
            keep_out_of_the_way()
        with _TrainingProgress() as progress:
            run = carry_out(workspace, run_id, watch=progress.watch)
        if run.state is RunState.FAILED:
            raise TrainingError(f"run {run.id} failed: {run.message}")
        _tell_of_run(workspace, run, promoting=options.promote)
    return STOPPED if run.state is RunState.STOPPED else 0


def _tell_of_run(workspace: Workspace, run: RunView, *, promoting: bool) -> None:
    from app.workflows.learning import models, promote
    from app.workflows.learning.words import format_comparison

    print(f"run {run.id}: {run.message}")
    made = next((model for model in models(workspace) if model.id == run.model_id), None)
    if made is not None and run.comparison is not None:
        print(format_comparison(run.comparison, made.name))
    if made is not None and promoting:
        promote(workspace, made.id)
        print(f"{made.name} is promoted: it proposes from now on")


class _TrainingProgress:
    """A bar of the time that is used, on a terminal alone."""

    def __enter__(self) -> Self:
        from tqdm import tqdm

        self._bar = tqdm(total=100, unit="%", file=sys.stderr, disable=None, bar_format="{l_bar}{bar}| {elapsed}")
        return self

    def watch(self, step: int, fraction: float, report: object) -> None:
        self._bar.update(min(100.0, 100 * fraction) - self._bar.n)

    def __exit__(self, *_: object) -> None:
        self._bar.close()


def _add_evaluate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("evaluate", help="score a model on a data set")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="SET")
    parser.add_argument(
        "--task",
        choices=EVALUATED_TASKS,
        default=EVALUATED_TASKS[0],
        help="what is scored: recall of the proposals, mean IoU, mask AP or panoptic quality (default %(default)s)",
    )
    parser.add_argument(
        "--part",
        choices=("check", "train", "all"),
        default="check",
        help="which images: those held back from training, the others, or all (default %(default)s)",
    )
    parser.add_argument(
        "--baselines", action="store_true", help="proposals: also score Felzenszwalb's segments and a merge tree"
    )
    parser.add_argument(
        "--threshold", type=float, help="panoptic: the least category probability of a segment (default 0.8)"
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="the training's settings, for what they say of sets"
    )
    parser.add_argument("--device")
    _add_precision(parser)
    parser.add_argument("--out", type=Path, metavar="FILE.json")
    parser.set_defaults(run_command=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    from app.workflows.evaluate import EvaluationRequest, evaluate
    from app.workflows.score_tables import format_table

    results = evaluate(
        EvaluationRequest(
            model=options.model,
            data=tuple(options.data),
            task=options.task,
            part=options.part,
            baselines=options.baselines,
            threshold=options.threshold,
            config=options.config,
            device=options.device,
            precision=options.precision,
            out=options.out,
        )
    )
    print(format_table(results))
    return 0


def _add_precision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default="auto",
        help="auto: bfloat16 where the machine has it and the best masks stay the same (default %(default)s)",
    )

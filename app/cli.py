"""The command line. Heavy imports stay inside the commands, so `--help` and errors answer at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from app.settings import DEFAULT_MODEL, ServerSettings
from core.annotation.errors import MaskwrightError

# What a shell expects of a command ended by Ctrl-C.
STOPPED = 130
EXPORT_FORMATS = ("coco", "coco-panoptic", "semantic-png")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status. Errors meant for users go to stderr without a traceback."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
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
    parser.set_defaults(run=_serve)
    _add_serve_options(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_propose(commands)
    _add_export(commands)
    _add_train(commands)
    _add_evaluate(commands)
    return parser


def _add_serve_options(parser: argparse.ArgumentParser) -> None:
    defaults = ServerSettings()
    parser.add_argument("--workspace", type=Path, default=defaults.workspace, help="folder of the labelling work")
    parser.add_argument("--host", default=defaults.host, help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=defaults.port, help="port to listen on (default %(default)s)")
    parser.add_argument("--open", action="store_true", dest="open_browser", help="open the page in the browser")
    parser.add_argument("--model", default=defaults.model, help="model folder or name (default %(default)s)")
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best there is)")
    _add_precision(parser)
    parser.add_argument("--no-model", action="store_true", help="serve stored proposals only, compute none")
    parser.add_argument("--api-only", action="store_true", help="serve the HTTP interface without the pages")


def _serve(options: argparse.Namespace) -> int:
    from app.server import serve

    if options.device is not None:
        from core.maskformer.device import choose_device

        choose_device(options.device)
    serve(
        ServerSettings(
            workspace=options.workspace,
            host=options.host,
            port=options.port,
            open_browser=options.open_browser,
            model=options.model,
            device=options.device,
            precision=options.precision,
            no_model=options.no_model,
            api_only=options.api_only,
            password=os.environ.get("MASKWRIGHT_PASSWORD") or None,
        )
    )
    return 0


def _add_propose(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("propose", help="write the proposals of image files as JSON, without a workspace")
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--device")
    _add_precision(parser)
    parser.add_argument("--limit", type=_positive, default=100, help="proposals an image at most (default %(default)s)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    parser.set_defaults(run=_propose)


def _propose(options: argparse.Namespace) -> int:
    from app.workflows.propose_files import propose_files

    failures = propose_files(
        options.images,
        model=options.model,
        device=options.device,
        precision=options.precision,
        limit=options.limit,
        out=options.out,
        progress=TerminalProgress("photos"),
    )
    if failures:
        print(f"maskwright: {failures} of {len(options.images)} photos failed; {options.out} says why", file=sys.stderr)
    return 1 if failures else 0


def _add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("export", help="write the workspace's truth in a format that others read")
    parser.add_argument("--workspace", type=Path, default=ServerSettings().workspace)
    parser.add_argument("--format", required=True, choices=EXPORT_FORMATS)
    parser.add_argument("--state", choices=("all", "done"), default="all", help="images with truth, or done ones only")
    parser.add_argument("--replace", action="store_true", help="put the export in the place of what OUT holds")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.set_defaults(run=_export)


def _export(options: argparse.Namespace) -> int:
    from app.workflows.export import export_workspace
    from storage.workspace import Workspace

    with Workspace.open(options.workspace, create=False) as workspace:
        report = export_workspace(
            workspace,
            options.format,
            options.out,
            state=options.state,
            replace=options.replace,
            progress=TerminalProgress("images"),
        )
    print(report.summary())
    return 0


def _add_train(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("train", help="train a model on data sets")
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="SET")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--config", type=Path, metavar="FILE", help="JSON with the settings to change")
    parser.add_argument("--minutes", type=float, help="wall time of the training")
    parser.add_argument("--steps", type=_positive, help="steps of the training, in place of --minutes")
    parser.add_argument("--backbone-weights", type=Path, metavar="FILE", help="ImageNet weights to start from")
    parser.add_argument("--start", metavar="MODEL", help="model to go on from, in place of random weights")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--device")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in DIR")
    parser.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> int:
    from app.workflows.train import TrainRequest, train

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
    print(f"{outcome.steps} steps in {outcome.seconds / 60:.1f} minutes; the model is in {options.out}")
    return STOPPED if outcome.interrupted else 0


def _add_evaluate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("evaluate", help="score a model's proposals on the check part of a data set")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="SET")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="the training's settings, for what they say of sets"
    )
    parser.add_argument("--device")
    _add_precision(parser)
    parser.add_argument("--out", type=Path, metavar="FILE.json")
    parser.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    from app.workflows.evaluate import evaluate, format_table

    results = evaluate(
        model=options.model,
        data=tuple(options.data),
        config=options.config,
        out=options.out,
        device=options.device,
        precision=options.precision,
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


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, got {text}")
    return number


class TerminalProgress:
    """A progress bar that appears with the first report; called with (finished, total)."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._bar: object | None = None

    def __call__(self, finished: int, total: int) -> None:
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(total=total, unit=f" {self._unit}", file=sys.stderr)
        bar = self._bar
        assert isinstance(bar, tqdm)
        bar.update(finished - bar.n)
        if finished >= total:
            bar.close()

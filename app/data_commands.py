"""The commands that take data sets into a workspace and out of it: import and export."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.option_types import named_folder, positive
from app.terminal import TerminalProgress
from app.workspace_options import add_workspace, open_workspace
from core.formats.capabilities import READ_FORMATS, WRITTEN_FORMATS


def add_import(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("import", help="take photos or a labelled data set into a workspace")
    add_workspace(parser)
    parser.add_argument("--format", required=True, choices=READ_FORMATS)
    parser.add_argument("--images", type=Path, metavar="DIR", help="folder of the photos, where they lie apart")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="OLD=NEW",
        help="what a category of the set, by name, id or #id, becomes: one of the workspace, or a new one",
    )
    parser.add_argument(
        "--new-ids", action="store_true", help="give new categories whose id is taken the next free one"
    )
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="write all that was done and was not")
    parser.add_argument("path", type=Path, metavar="PATH", help="the set's folder, its main file, or a zip of it")
    parser.set_defaults(run_command=_import)


def _import(options: argparse.Namespace) -> int:
    from app.workflows.importing import ImportRequest, check_report_place, import_data, parse_mapping, plan_import

    request = ImportRequest(
        options.format, options.path, options.images, parse_mapping(options.map), new_ids=options.new_ids
    )
    request.check()
    with open_workspace(options, create=True) as workspace:
        if options.report is not None:
            check_report_place(options.report)
        with plan_import(workspace, request) as plan:
            report = import_data(workspace, plan, progress=TerminalProgress("images"))
    print(report.summary())
    if options.report is not None:
        report.write(options.report)
    return report.exit_status


def add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("export", help="write the workspace's truth in a format that others read")
    add_workspace(parser)
    parser.add_argument("--format", required=True, choices=WRITTEN_FORMATS)
    parser.add_argument(
        "--state",
        choices=("all", "done", "approved", "skipped"),
        default="all",
        help="images with truth that are neither skipped nor deleted, or done (approved ones too), approved or skipped "
        "ones only",
    )
    parser.add_argument("--split", metavar="NAME", help="the images of this split only")
    parser.add_argument(
        "--category",
        action="append",
        default=[],
        metavar="NAME",
        help="images that have a segment of it only, with all their segments; may be given several times",
    )
    parser.add_argument(
        "--shares", metavar="NAME=SHARE,…", help="split anew by the photos' hashes, such as train=0.8,val=0.2"
    )
    parser.add_argument("--snapshot", type=positive, metavar="N", help="the images of snapshot N, as they were then")
    parser.add_argument("--no-photos", action="store_true", help="write the truth alone")
    parser.add_argument("--replace", action="store_true", help="put the export in the place of the one that OUT holds")
    parser.add_argument("out", type=named_folder, metavar="OUT")
    parser.set_defaults(run_command=_export)


def _export(options: argparse.Namespace) -> int:
    from app.workflows.exporting import Choice, export_workspace
    from core.annotation.splits import parse_shares

    choice = Choice(
        state=options.state,
        split=options.split,
        categories=tuple(options.category),
        shares=None if options.shares is None else parse_shares(options.shares),
        snapshot=options.snapshot,
    )
    with open_workspace(options) as workspace:
        report = export_workspace(
            workspace,
            options.format,
            options.out,
            choice=choice,
            photos=not options.no_photos,
            replace=options.replace,
            progress=TerminalProgress("images"),
        )
    print(report.summary())
    return 0

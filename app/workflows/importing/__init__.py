"""Data sets in: planned first, so that a person settles the clashes, then taken in whole or not at all.

with plan_import(workspace, ImportRequest("coco", path)) as plan:
    ...                                   # plan.clashes → plan = replan(workspace, plan, mapping)
    report = import_data(workspace, plan, progress=…, cancelled=…)
"""

from app.workflows.importing.carry_out import import_data
from app.workflows.importing.planning import ImportPlan, plan_import, replan
from app.workflows.importing.report import ImportReport, check_report_place
from app.workflows.importing.requests import Becomes, CategoryPlan, Clash, ImportRequest, ImportStopped, parse_mapping

__all__ = [
    "Becomes",
    "CategoryPlan",
    "Clash",
    "ImportPlan",
    "ImportReport",
    "ImportRequest",
    "ImportStopped",
    "check_report_place",
    "import_data",
    "parse_mapping",
    "plan_import",
    "replan",
]

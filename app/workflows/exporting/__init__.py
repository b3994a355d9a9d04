"""Data sets out: the truth of a workspace's images and their photos, as one folder that appears whole or not at all."""

from app.workflows.exporting.appearing import settle_exports
from app.workflows.exporting.choice import Choice
from app.workflows.exporting.report import REPORT_FILE, SNAPSHOT_FILE, ExportReport
from app.workflows.exporting.writing import export_workspace
from app.workflows.exporting.zipped import export_zip

__all__ = [
    "REPORT_FILE",
    "SNAPSHOT_FILE",
    "Choice",
    "ExportReport",
    "export_workspace",
    "export_zip",
    "settle_exports",
]

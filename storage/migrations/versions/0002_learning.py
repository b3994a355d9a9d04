"""Learning: snapshots of the truth, runs, and the models they make."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations.triggers import refuse_changes

revision = "0002"
down_revision = "0001"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORD = sa.String(16)
_SHA256 = sa.String(64)
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_snapshot()
    _create_run()
    _create_model()
    for table in ("snapshot", "snapshot_image"):
        refuse_changes(table, "a snapshot is never changed")


def _create_snapshot() -> None:
    op.create_table(
        "snapshot",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_snapshot"),
    )
    op.create_table(
        "snapshot_image",
        sa.Column("snapshot_id", _NUMBER, nullable=False),
        sa.Column("image_id", _NUMBER, nullable=False),
        sa.Column("revision", _NUMBER, nullable=False),
        sa.Column("part", _WORD, nullable=False),
        sa.PrimaryKeyConstraint("snapshot_id", "image_id", name="pk_snapshot_image"),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name="fk_snapshot_image_snapshot_id_snapshot"),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name="fk_snapshot_image_image_id_image"),
    )


def _create_run() -> None:
    op.create_table(
        "run",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("snapshot_id", _NUMBER, nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("parent_sha256", _SHA256, nullable=False),
        sa.Column("parent_name", sa.Text(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("process_id", _NUMBER),
        sa.Column("process_started", sa.String(64)),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name="fk_run_snapshot_id_snapshot"),
    )


def _create_model() -> None:
    op.create_table(
        "model",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("sha256", _SHA256, nullable=False),
        sa.Column("parent_sha256", _SHA256, nullable=False),
        sa.Column("parent_name", sa.Text(), nullable=False),
        sa.Column("snapshot_id", _NUMBER, nullable=False),
        sa.Column("run_id", _NUMBER, nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("promoted_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_model"),
        sa.UniqueConstraint("name", name="uq_model_name"),
        sa.UniqueConstraint("sha256", name="uq_model_sha256"),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name="fk_model_snapshot_id_snapshot"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_model_run_id_run"),
    )

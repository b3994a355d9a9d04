"""The first schema: settings, images, categories, proposals, segments, and the append-only log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations.triggers import refuse_changes

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORD = sa.String(16)
_SHA256 = sa.String(64)
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_setting()
    _create_image()
    _create_category()
    _create_proposal_set()
    _create_proposal()
    _create_segment()
    _create_correction()
    refuse_changes("correction", "the log of corrections is only ever appended to")


def _create_setting() -> None:
    op.create_table(
        "setting",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )


def _create_image() -> None:
    op.create_table(
        "image",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("sha256", _SHA256, nullable=False),
        sa.Column("display_sha256", _SHA256, nullable=False),
        sa.Column("display_type", sa.String(64), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("width", _NUMBER, nullable=False),
        sa.Column("height", _NUMBER, nullable=False),
        sa.Column("revision", _NUMBER, nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("last_segment_id", _NUMBER, nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_image"),
        sa.UniqueConstraint("sha256", name="uq_image_sha256"),
    )
    op.create_index("ix_image_done", "image", ["done"])


def _create_category() -> None:
    op.create_table(
        "category",
        sa.Column("id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_thing", sa.Boolean(), nullable=False),
        sa.Column("colour", sa.String(7), nullable=False),
        sa.Column("position", _NUMBER, nullable=False),
        sa.Column("removed_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_category"),
    )
    in_use = sa.text("removed_at IS NULL")
    op.create_index(
        "uq_category_name_in_use", "category", ["name"], unique=True, sqlite_where=in_use, postgresql_where=in_use
    )


def _create_proposal_set() -> None:
    op.create_table(
        "proposal_set",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("image_id", _NUMBER, nullable=False),
        sa.Column("model_sha256", _SHA256, nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_proposal_set"),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name="fk_proposal_set_image_id_image"),
        sa.UniqueConstraint("image_id", "model_sha256", name="uq_proposal_set_image_id_model_sha256"),
    )


def _create_proposal() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("proposal_set_id", _NUMBER, nullable=False),
        sa.Column("image_id", _NUMBER, nullable=False),
        sa.Column("query", _NUMBER, nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("decision", _WORD, nullable=False),
        sa.Column("class_scores", sa.JSON(), nullable=False),
        *_mask_columns(),
        sa.PrimaryKeyConstraint("id", name="pk_proposal"),
        sa.ForeignKeyConstraint(
            ["proposal_set_id"], ["proposal_set.id"], name="fk_proposal_proposal_set_id_proposal_set"
        ),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name="fk_proposal_image_id_image"),
    )
    op.create_index("ix_proposal_proposal_set_id", "proposal", ["proposal_set_id"])
    op.create_index("ix_proposal_image_id_decision", "proposal", ["image_id", "decision"])


def _create_segment() -> None:
    op.create_table(
        "segment",
        sa.Column("image_id", _NUMBER, nullable=False),
        sa.Column("id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("category_id", _NUMBER),
        sa.Column("order", _NUMBER, nullable=False),
        sa.Column("source", _WORD, nullable=False),
        sa.Column("crowd", sa.Boolean(), nullable=False),
        sa.Column("proposals", sa.JSON(), nullable=False),
        *_mask_columns(),
        sa.PrimaryKeyConstraint("image_id", "id", name="pk_segment"),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name="fk_segment_image_id_image"),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name="fk_segment_category_id_category"),
    )
    op.create_index("ix_segment_category_id", "segment", ["category_id"])


def _mask_columns() -> tuple[sa.Column[int] | sa.Column[str], ...]:
    numbers = ("area", "bbox_x", "bbox_y", "bbox_width", "bbox_height")
    return (
        *(sa.Column(name, _NUMBER, nullable=False) for name in numbers),
        sa.Column("counts", sa.Text(), nullable=False),
    )


def _create_correction() -> None:
    op.create_table(
        "correction",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("image_id", _NUMBER, nullable=False),
        sa.Column("revision", _NUMBER, nullable=False),
        sa.Column("base_revision", _NUMBER, nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("client", sa.String(64), nullable=False),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("operation", _WORD, nullable=False),
        sa.Column("target", _NUMBER),
        sa.Column("threshold", sa.Double()),
        sa.Column("shown_s", sa.Double()),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("change", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_correction"),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name="fk_correction_image_id_image"),
        sa.UniqueConstraint("image_id", "revision", name="uq_correction_image_id_revision"),
        sa.UniqueConstraint("client", "seq", name="uq_correction_client_seq"),
    )

"""Finding images among many: state, split, score, name and tags of images, counts of segments by category."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORD = sa.String(16)
_UNLABELLED = -1
_SEARCHED = 500
_CHUNK = 2_000

_IMAGE = sa.table(
    "image",
    *map(sa.column, ("id", "sha256", "file_name", "revision", "done", "state", "split", "search_name", "best_score")),
)
_SEGMENT = sa.table("segment", *map(sa.column, ("image_id", "category_id")))
_PROPOSAL_SET = sa.table("proposal_set", *map(sa.column, ("id", "image_id")))
_PROPOSAL = sa.table("proposal", *map(sa.column, ("proposal_set_id", "score")))
_IMAGE_CATEGORY = sa.table("image_category", *map(sa.column, ("image_id", "category_id", "state", "segments")))
_CATEGORY_COUNT = sa.table("category_count", *map(sa.column, ("category_id", "segments", "images")))


def upgrade() -> None:
    _add_columns()
    _fill_columns()
    _require_columns()
    _create_image_tag()
    _create_image_category()
    _create_category_count()
    _fill_counts()
    _index_crowds()


def _add_columns() -> None:
    columns: tuple[sa.Column[str] | sa.Column[int] | sa.Column[float], ...] = (
        sa.Column("state", _WORD),
        sa.Column("split", sa.String(32)),
        sa.Column("source_id", _NUMBER),
        sa.Column("search_name", sa.Text()),
        sa.Column("best_score", sa.Double()),
    )
    for column in columns:
        op.add_column("image", column)


def _fill_columns() -> None:
    connection = op.get_bind()
    done = sa.case((_IMAGE.c.done.is_(sa.true()), "done"), (_IMAGE.c.revision > 0, "in_work"), else_="new")
    connection.execute(sa.update(_IMAGE).values(state=done, best_score=_best_score()))
    found = connection.execute(sa.select(_IMAGE.c.id, _IMAGE.c.sha256, _IMAGE.c.file_name)).all()
    fill = (
        sa.update(_IMAGE)
        .where(_IMAGE.c.id == sa.bindparam("number"))
        .values(split=sa.bindparam("part"), search_name=sa.bindparam("searched"))
    )
    for start in range(0, len(found), _CHUNK):
        rows = found[start : start + _CHUNK]
        connection.execute(
            fill,
            [{"number": row.id, "part": _split(row.sha256), "searched": _searched(row.file_name)} for row in rows],
        )


def _best_score() -> sa.ScalarSelect[float]:
    newest = sa.select(sa.func.max(_PROPOSAL_SET.c.id)).where(_PROPOSAL_SET.c.image_id == _IMAGE.c.id)
    return (
        sa.select(sa.func.max(_PROPOSAL.c.score))
        .where(_PROPOSAL.c.proposal_set_id == newest.correlate(_IMAGE).scalar_subquery())
        .correlate(_IMAGE)
        .scalar_subquery()
    )


def _split(sha256: str) -> str:
    """The rule of core.annotation.splits as it was when this schema was made: 80 % train."""
    return "train" if int(sha256[:16], 16) / 256**8 < 0.8 else "val"


def _searched(file_name: str) -> str:
    return unicodedata.normalize("NFKC", file_name).casefold()[-_SEARCHED:]


def _require_columns() -> None:
    types: dict[str, Callable[[], sa.types.TypeEngine[str]]] = {
        "state": lambda: _WORD,
        "split": lambda: sa.String(32),
        "search_name": sa.Text,
    }
    with op.batch_alter_table("image") as batch:
        for name, kind in types.items():
            batch.alter_column(name, existing_type=kind(), nullable=False)
    listed = ["state", "split", "best_score", "search_name"]
    op.create_index("ix_image_listing", "image", ["id", *listed])
    op.create_index("ix_image_listing_by_state", "image", ["state", "id", *listed[1:]])
    op.create_index("ix_image_split_state_id", "image", ["split", "state", "id"])


def _create_image_tag() -> None:
    op.create_table(
        "image_tag",
        sa.Column("image_id", _NUMBER, nullable=False),
        sa.Column("tag", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("image_id", "tag", name="pk_image_tag"),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name="fk_image_tag_image_id_image"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_image_tag_tag_image_id", "image_tag", ["tag", "image_id"])


def _create_image_category() -> None:
    op.create_table(
        "image_category",
        sa.Column("image_id", _NUMBER, nullable=False),
        sa.Column("category_id", _NUMBER, nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("segments", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("image_id", "category_id", name="pk_image_category"),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name="fk_image_category_image_id_image"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_image_category_category_id_image_id", "image_category", ["category_id", "image_id"])
    by_state = ["category_id", "state", "image_id"]
    op.create_index("ix_image_category_category_id_state_image_id", "image_category", by_state)


def _create_category_count() -> None:
    op.create_table(
        "category_count",
        sa.Column("category_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("segments", _NUMBER, nullable=False),
        sa.Column("images", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("category_id", name="pk_category_count"),
    )


def _fill_counts() -> None:
    category = sa.func.coalesce(_SEGMENT.c.category_id, sa.literal_column(str(_UNLABELLED)))
    by_image = (
        sa.select(_SEGMENT.c.image_id, category, _IMAGE.c.state, sa.func.count())
        .join_from(_SEGMENT, _IMAGE, _IMAGE.c.id == _SEGMENT.c.image_id)
        .group_by(_SEGMENT.c.image_id, category, _IMAGE.c.state)
    )
    counts = _IMAGE_CATEGORY.c
    by_category = sa.select(counts.category_id, sa.func.sum(counts.segments), sa.func.count()).group_by(
        counts.category_id
    )
    connection = op.get_bind()
    connection.execute(
        sa.insert(_IMAGE_CATEGORY).from_select(["image_id", "category_id", "state", "segments"], by_image)
    )
    connection.execute(sa.insert(_CATEGORY_COUNT).from_select(["category_id", "segments", "images"], by_category))


def _index_crowds() -> None:
    """They are few, and what counts segments to learn from leaves them out."""
    op.create_index(
        "ix_segment_crowd",
        "segment",
        ["image_id", "category_id"],
        sqlite_where=sa.text("crowd = 1"),
        postgresql_where=sa.text("crowd"),
    )

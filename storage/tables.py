"""The tables. Types are portable: SQLite today, PostgreSQL without a change here.

An image's truth stands in `image`, `segment` and `proposal.decision`; the same truth at every revision
follows from `correction`, the log that is only ever appended to. One transaction writes both.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Double,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from core.annotation.corrections import Operation
from core.annotation.truth import Decision, Source

# Room for words to come; widening a column later would rewrite its table.
_WORD_LENGTH = 16
_SHA256_LENGTH = 64
_SPLIT_LENGTH = 32
_TAG_LENGTH = 64
_KEY_LENGTH = 16
_NAME_LENGTH = 64


class Part(StrEnum):
    """What an image of a snapshot is for: to learn from, or to judge by."""

    LEARN = "learn"
    CHECK = "check"


class RunState(StrEnum):
    """How far a run is; the last three are ends."""

    STARTING = "starting"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


class ImageState(StrEnum):
    """How far the work on an image is: core.annotation.truth.Progress, where an open image without a correction is new.

    A deleted image is in no list, count, export or training that does not ask for it.
    """

    NEW = "new"
    IN_WORK = "in_work"
    DONE = "done"
    APPROVED = "approved"
    SENT_BACK = "sent_back"
    SKIPPED = "skipped"
    DELETED = "deleted"


# Stands for "no category" in the counts: a key holds no null, and ids of categories are 0 or more.
UNLABELLED = -1


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept and returned in UTC; SQLite itself forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _word(kind: type[StrEnum]) -> Enum:
    """Text that holds the values of a StrEnum; which ones there are is core's to say, not the schema's."""
    return Enum(
        kind,
        native_enum=False,
        length=_WORD_LENGTH,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """Constraint names follow from the columns, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 — SQLAlchemy reads it once, at class creation
        float: Double(),
        # SQLite's integers have 64 bits, and only a plain INTEGER key numbers its rows by itself.
        int: BigInteger().with_variant(Integer(), "sqlite"),
        datetime: UtcDateTime(),
        Decision: _word(Decision),
        Source: _word(Source),
        Operation: _word(Operation),
        ImageState: _word(ImageState),
        Part: _word(Part),
        RunState: _word(RunState),
    }


class SettingRow(Base):
    """A named value of the workspace itself, such as its id."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


_LISTED = ("state", "split", "best_score", "search_name")


class ImageRow(Base):
    """A photo: `sha256` names the file as it came, `display_sha256` what the page and the model see.

    `done` follows from `state`, `search_name` from `file_name`; `source_id` is the id that its data set gave it;
    `best_score` the highest of the newest model's proposals. The listing indices hold all that a filter asks, in the
    order of the list, so that no filter reads whole rows.
    """

    __tablename__ = "image"
    __table_args__ = (
        Index("ix_image_listing", "id", *_LISTED),
        Index("ix_image_listing_by_state", "state", "id", *_LISTED[1:]),
        Index("ix_image_listing_by_name", "search_name", "id", *_LISTED[:3]),
        Index(None, "split", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(_SHA256_LENGTH), unique=True)
    display_sha256: Mapped[str] = mapped_column(String(_SHA256_LENGTH))
    display_type: Mapped[str] = mapped_column(String(64))
    file_name: Mapped[str] = mapped_column(Text)
    width: Mapped[int]
    height: Mapped[int]
    revision: Mapped[int]
    done: Mapped[bool] = mapped_column(index=True)
    last_segment_id: Mapped[int]
    added_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text)
    state: Mapped[ImageState]
    split: Mapped[str] = mapped_column(String(_SPLIT_LENGTH))
    source_id: Mapped[int | None]
    search_name: Mapped[str] = mapped_column(Text)
    best_score: Mapped[float | None]


class ImageTagRow(Base):
    """A word that people put on an image."""

    __tablename__ = "image_tag"
    __table_args__ = (Index(None, "tag", "image_id"), {"sqlite_with_rowid": False})

    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(_TAG_LENGTH), primary_key=True)


class ImageCategoryRow(Base):
    """How many segments of an image's truth have a category, UNLABELLED among them; `state` is the image's.

    `storage.counts` keeps it; so `category_id` is no foreign key.
    """

    __tablename__ = "image_category"
    __table_args__ = (
        Index(None, "category_id", "image_id"),
        Index(None, "category_id", "state", "image_id"),
        {"sqlite_with_rowid": False},
    )

    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"), primary_key=True)
    category_id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[ImageState]
    segments: Mapped[int]


class CategoryCountRow(Base):
    """How many segments, of how many images, have a category or are UNLABELLED: the sums of `image_category` over the
    images that are not deleted."""

    __tablename__ = "category_count"

    category_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    segments: Mapped[int]
    images: Mapped[int]


class CategoryRow(Base):
    """A category. A removed one stays as a row: its id is never given again and the log keeps its meaning.

    `key` gives the category on the page; null: a free digit, by its place.
    """

    __tablename__ = "category"
    __table_args__ = tuple(
        Index(
            f"uq_category_{name}_in_use",
            name,
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        )
        for name in ("name", "key")
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    is_thing: Mapped[bool]
    colour: Mapped[str] = mapped_column(String(7))
    position: Mapped[int]
    removed_at: Mapped[datetime | None]
    key: Mapped[str | None] = mapped_column(String(_KEY_LENGTH))


class LabelChangeRow(Base):
    """One step of the label set's log. The database refuses to change or delete it.

    before, after: the categories in order, [id, name, is_thing, [red, green, blue], key]. images: [id, revision] of
    each image whose segments it relabelled. target: the step that an undo concerns.
    """

    __tablename__ = "label_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]
    user: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(_WORD_LENGTH))
    before: Mapped[list[Any]] = mapped_column(JSON)
    after: Mapped[list[Any]] = mapped_column(JSON)
    images: Mapped[list[Any]] = mapped_column(JSON)
    target: Mapped[int | None]


class _MaskColumns:
    """A mask of its image's size: COCO's compressed RLE text, and what queries ask of it, in pixels."""

    area: Mapped[int]
    bbox_x: Mapped[int]
    bbox_y: Mapped[int]
    bbox_width: Mapped[int]
    bbox_height: Mapped[int]
    counts: Mapped[str] = mapped_column(Text)


class ProposalSetRow(Base):
    """One model's answer for one image; a set without proposals says "looked, found none"."""

    __tablename__ = "proposal_set"
    __table_args__ = (UniqueConstraint("image_id", "model_sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"))
    model_sha256: Mapped[str] = mapped_column(String(_SHA256_LENGTH))
    model_name: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]


class ProposalRow(_MaskColumns, Base):
    """A query's mask; it is kept whatever was decided. `image_id` repeats the set's, for the index."""

    __tablename__ = "proposal"
    __table_args__ = (Index("ix_proposal_image_id_decision", "image_id", "decision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_set_id: Mapped[int] = mapped_column(ForeignKey("proposal_set.id"), index=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"))
    query: Mapped[int]
    score: Mapped[float]
    decision: Mapped[Decision]
    class_scores: Mapped[list[Any]] = mapped_column(JSON)


class SegmentRow(_MaskColumns, Base):
    """A segment of an image's truth; `id` is unique in its image."""

    __tablename__ = "segment"
    __table_args__ = (
        Index(
            "ix_segment_crowd",
            "image_id",
            "category_id",
            sqlite_where=text("crowd = 1"),
            postgresql_where=text("crowd"),
        ),
    )

    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"), index=True)
    order: Mapped[int]
    source: Mapped[Source]
    crowd: Mapped[bool]
    proposals: Mapped[list[Any]] = mapped_column(JSON)


class CorrectionRow(Base):
    """One step of the log. The database refuses to change or delete it.

    The long columns stand last, so that a walk over the short ones does not read them.
    """

    __tablename__ = "correction"
    __table_args__ = (
        UniqueConstraint("image_id", "revision"),
        UniqueConstraint("client", "seq"),
        Index("ix_correction_user_operation", "user", "operation", "image_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"))
    revision: Mapped[int]
    base_revision: Mapped[int]
    user: Mapped[str] = mapped_column(Text)
    client: Mapped[str] = mapped_column(String(64))
    seq: Mapped[int]
    created_at: Mapped[datetime]
    operation: Mapped[Operation]
    target: Mapped[int | None]
    threshold: Mapped[float | None]
    shown_s: Mapped[float | None]
    evidence: Mapped[list[Any]] = mapped_column(JSON)
    change: Mapped[dict[str, Any]] = mapped_column(JSON)
    comment: Mapped[str | None] = mapped_column(Text)


class PersonRow(Base):
    """Somebody who may log in. A removed one stays, as the log names them.

    `search_name` is the name without regard to case and Unicode form; `sessions` is counted up to end all of theirs.
    """

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(_NAME_LENGTH), unique=True)
    search_name: Mapped[str] = mapped_column(Text, unique=True)
    password_hash: Mapped[str] = mapped_column(Text)
    sessions: Mapped[int]
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class PersonCountRow(Base):
    """How many corrections of a kind somebody has made, how many segments stand in the log as new by them, less those
    that undo took away, and when the last was made. `storage.person_counts` keeps it."""

    __tablename__ = "person_count"

    user: Mapped[str] = mapped_column(Text, primary_key=True)
    operation: Mapped[Operation] = mapped_column(primary_key=True)
    corrections: Mapped[int]
    segments: Mapped[int]
    last_at: Mapped[datetime]


class SnapshotRow(Base):
    """A frozen, numbered data set: its images stand in `snapshot_image`. The database refuses to change either.

    `categories`: the label set of that moment, [id, name, is_thing, [red, green, blue]] in order.
    """

    __tablename__ = "snapshot"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    categories: Mapped[list[Any]] = mapped_column(JSON)


class SnapshotImageRow(Base):
    """An image of a snapshot: its truth is the one at `revision`."""

    __tablename__ = "snapshot_image"

    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"), primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"), primary_key=True)
    revision: Mapped[int]
    part: Mapped[Part]


class RunRow(Base):
    """One training. `process_id` and `process_started` name the process that does it (storage.runs.ProcessName)."""

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(primary_key=True)
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"))
    state: Mapped[RunState]
    parent_sha256: Mapped[str] = mapped_column(String(_SHA256_LENGTH))
    parent_name: Mapped[str] = mapped_column(Text)
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    message: Mapped[str] = mapped_column(Text)
    process_id: Mapped[int | None]
    process_started: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ModelRow(Base):
    """A model that a run made; `name` is its folder's among the workspace's models."""

    __tablename__ = "model"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    sha256: Mapped[str] = mapped_column(String(_SHA256_LENGTH), unique=True)
    parent_sha256: Mapped[str] = mapped_column(String(_SHA256_LENGTH))
    parent_name: Mapped[str] = mapped_column(Text)
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"))
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    scores: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    promoted_at: Mapped[datetime | None]

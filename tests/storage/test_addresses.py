from __future__ import annotations

from pathlib import Path

import pytest

from core.annotation.errors import StorageError
from storage import addresses
from storage.addresses import is_sqlite, postgresql_url, secret, shown, sqlite_url

PASSWORD = "p%40ss%3Aw%2Frd"


@pytest.mark.parametrize("start", ["postgresql+psycopg", "postgresql", "postgres"])
def test_a_server_is_named_without_its_password(start: str) -> None:
    url = postgresql_url(f"{start}://ann:{PASSWORD}@db.example:5433/labels?sslmode=require&password={PASSWORD}")
    assert shown(url) == "postgresql+psycopg://ann@db.example:5433/labels"
    assert not is_sqlite(url)
    assert url.password == "p@ss:w/rd"
    assert postgresql_url(secret(url)) == url


def test_a_file_is_named_by_its_path() -> None:
    path = Path("deep folder") / "100%" / "maskwright.db"
    assert shown(sqlite_url(path)) == str(path)
    assert is_sqlite(sqlite_url(path))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://ann:secret@host/labels", r"PostgreSQL .* got mysql://"),
        ("postgresql+psycopg2://ann:secret@host/labels", r"got postgresql\+psycopg2://"),
        ("sqlite:///labels.db", "got sqlite://"),
        ("postgresql://ann:secret@host", "names no database"),
        ("postgresql://ann:secret@host:port/labels", "cannot be read"),
        ("ann:secret@host/labels", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_any_other_address_is_refused_and_its_password_kept(address: str, said: str) -> None:
    with pytest.raises(StorageError, match=said) as refused:
        postgresql_url(address)
    assert "secret" not in str(refused.value)


def test_without_the_driver_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "find_spec", lambda name: None)
    with pytest.raises(StorageError, match=r'pip install "psycopg\[binary\]"'):
        postgresql_url("postgresql://ann@host/labels")

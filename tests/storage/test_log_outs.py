from datetime import UTC, datetime, timedelta, timezone

from storage.log_outs import logged_out, note_log_out
from storage.persons import session_secret


def in_s(seconds):
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_what_has_ended_is_known_and_once_is_enough(database):
    with database.write() as session:
        note_log_out(session, "first", until=in_s(60))
        note_log_out(session, "second", until=in_s(60))
        note_log_out(session, "first", until=in_s(60))
    with database.read() as session:
        assert logged_out(session) == {"first", "second"}


def test_what_is_too_old_anyway_is_forgotten_and_no_other_setting(database):
    with database.write() as session:
        secret = session_secret(session)
        note_log_out(session, "old", until=in_s(-60))
        assert logged_out(session) == {"old"}
        note_log_out(session, "kept", until=in_s(3_600).astimezone(timezone(timedelta(hours=-11))))
        note_log_out(session, "new", until=in_s(60))
        assert logged_out(session) == {"kept", "new"}
        assert session_secret(session) == secret

"""What tests here share may fail as readably as they do."""

import pytest

pytest.register_assert_rewrite("tests.round_trips.trips")

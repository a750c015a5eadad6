"""The tests of one group share a process."""

import pytest


@pytest.mark.xdist_group("example")
def test_the_installed_pytest_keeps_groups_together(request: pytest.FixtureRequest) -> None:
    """pytest-xdist marks the group in the test's name; without the mark it would split groups silently."""
    if not request.config.getoption("loadgroup", False):
        pytest.skip("only under -n with --dist loadgroup")
    assert request.node.nodeid.endswith("@example")

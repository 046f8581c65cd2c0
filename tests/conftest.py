"""What every test stands on: the hypothesis profile. Sockets and time-outs: pyproject.toml."""

import pytest
from hypothesis import HealthCheck, settings

# Machines that run this are shared: how long one example took says nothing about our code.
settings.register_profile(
    "shared-machine",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared-machine")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have to tell beside passing: workers cannot print themselves."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    for report in reports:
        for name, told in report.user_properties:
            if name == "told":
                terminalreporter.write_line(str(told))

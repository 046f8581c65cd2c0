"""What every test stands on: the hypothesis profile. Sockets and time-outs: pyproject.toml."""

from hypothesis import HealthCheck, settings

# Machines that run this are shared: how long one example took says nothing about our code.
settings.register_profile(
    "shared-machine",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared-machine")

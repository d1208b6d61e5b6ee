"""Properties hold however slow the machine is: no example has a deadline. In CI the examples are the same each time."""

from __future__ import annotations

import os

from hypothesis import settings

parent = settings.get_profile("ci" if "CI" in os.environ else "default")
settings.register_profile("streamdoctor", parent, deadline=None)
settings.load_profile("streamdoctor")

"""The tests mirror the package. Hypothesis sets no deadline: the machines that run them are shared."""

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")

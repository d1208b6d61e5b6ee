"""streamdoctor: the crash-test lab for stream parsers."""

__version__ = "0.1.0"

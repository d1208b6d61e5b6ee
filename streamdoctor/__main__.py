"""`python -m streamdoctor`."""

from streamdoctor.cli import main

main()

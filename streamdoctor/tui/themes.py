"""The themes: dark, light, and one with no colour at all (also what NO_COLOR gives).

Rule: every colour that words are written in has a contrast of 4.5 at least on every background (WCAG 2, 1.4.3).
"""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="streamdoctor-dark",
    primary="#7aa2c8",
    secondary="#8fb0a9",
    warning="#d9a953",
    error="#e87d76",
    success="#86b374",
    accent="#c08ad6",
    foreground="#d6d9de",
    background="#14171c",
    surface="#14171c",
    panel="#20252d",
    dark=True,
    variables={"quiet": "#98a1ac", "rule": "#333b46", "cursor": "#2a3440"},
)
LIGHT = Theme(
    name="streamdoctor-light",
    primary="#2f6393",
    secondary="#3d6d65",
    warning="#8a5a00",
    error="#b3261e",
    success="#2f6b24",
    accent="#7b3f98",
    foreground="#23272e",
    background="#fbfaf7",
    surface="#fbfaf7",
    panel="#eceae4",
    dark=False,
    variables={"quiet": "#5c626b", "rule": "#cfccc4", "cursor": "#dfe7ee"},
)
PLAIN = Theme(
    name="streamdoctor-plain",
    ansi=True,
    primary="ansi_default",
    secondary="ansi_default",
    warning="ansi_default",
    error="ansi_default",
    success="ansi_default",
    accent="ansi_default",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        **BUILTIN_THEMES["ansi-dark"].variables,
        "quiet": "ansi_default",
        "rule": "ansi_default",
        "cursor": "ansi_default",
        "block-cursor-text-style": "reverse",
        "input-cursor-text-style": "reverse",
    },
)
THEMES = (DARK, LIGHT, PLAIN)
NAMES = tuple(theme.name for theme in THEMES)
VARIABLES = {"quiet": "#808890", "rule": "#808890", "cursor": "#808890 30%"}
"""What our styles use besides Textual's own, for the themes that come with it."""

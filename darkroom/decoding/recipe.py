"""The fixed choices behind the outputs of intake. Changing one makes a new output version.

Does not belong here: limits an administrator sets (`settings`); they decide whether, not how.
"""

DISPLAY_EDGE = 2048
"""Longest side of the display rendition, px."""

SHRINK_EDGE = 1920
"""A JPEG is shrunk while it is decoded, by 2, 4 or 8, as long as its longest side keeps this many px.

A little below the display edge on purpose: the common 12-megapixel photo then decodes at 2,000 px for half the price.
"""

THUMBNAIL_EDGE = 256
"""Longest side of the thumbnail, px."""

DISPLAY_QUALITY = 85
THUMBNAIL_QUALITY = 80
"""JPEG qualities of the renditions, 1 to 95."""

PREVIEW_EDGE = 1024
"""Longest side from which a raw file's embedded preview is preferred to developing its sensor values, px."""

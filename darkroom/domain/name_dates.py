"""Dates that cameras, phones and messengers put into file names.

Belongs here: recognising them. Does not belong here: how much they count (`capture_time`).
"""

import re

from darkroom.domain.timestamps import Timestamp, wall_time

# A date stands alone (`2019-07-04`, `20190704`) and is followed by a time written the same way or by none:
# IMG_20190704_123456, Screenshot_2020-01-15-12-34-56, signal-2020-01-15-123456, IMG-20190704-WA0001,
# "WhatsApp Image 2019-07-04 at 12.34.56", "Screen Shot 2020-01-15 at 1.34.56 PM", 2019-07-04T12:34:56.
_NAME = re.compile(
    r"(?<![0-9])(?P<year>(?:18|19|20)\d\d)(?P<dash>[-_.:]?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
    r"(?:(?:[-_. T]|\sat\s|\s?um\s)?"
    r"(?P<hour>\d\d|\d(?=[.:]))(?P<colon>[-_.:]?)(?P<minute>\d\d)(?P=colon)(?P<second>\d\d)"
    r"(?:[-_.]?(?P<fraction>\d{3}))?(?![0-9])(?:\s?(?P<half>[AP])M)?)?"
    r"(?P<more>[0-9a-z]?)",
    re.IGNORECASE,
)


def date_in_name(file_name: str) -> Timestamp | None:
    """The first possible date in the file's name (folders before it are ignored); `None` when it has none.

    Google's `PXL_` names are in UTC, which is said by an offset of 0; all others are wall times without zone.
    """
    name = file_name.rsplit("/", 1)[-1]
    for match in _NAME.finditer(name):
        parts = match.groupdict()
        if parts["more"].isdigit() or (parts["more"] and parts["hour"] is None):
            continue
        hour = int(parts["hour"] or 0)
        if parts["half"]:
            hour = hour % 12 + (12 if parts["half"].upper() == "P" else 0)
        year, month, day = int(parts["year"]), int(parts["month"]), int(parts["day"])
        minute, second = int(parts["minute"] or 0), int(parts["second"] or 0)
        found = wall_time(year, month, day, hour, minute, second, parts["fraction"])
        if found is not None:
            has_time = parts["hour"] is not None
            return Timestamp(found, 0 if has_time and name.startswith("PXL_") else None, has_time)
    return None

"""From settings to the objects assets work with: read once, when a code location is loaded."""

from darkroom.services.gates import Gatekeeper
from darkroom.services.platform import Platform
from darkroom.settings import load_settings
from quality.gates import gatekeeper_resource


def build_resources() -> dict[str, object]:
    """Resources of the line's code location. Nothing is opened before it is used."""
    platform = Platform(load_settings())
    return {"platform": platform, "gatekeeper": gatekeeper_resource(Gatekeeper(platform))}

"""What can go wrong with the lake, in words an administrator can act on."""


class LakeUnavailable(RuntimeError):
    """The catalog cannot be reached, or refuses us. The message never holds a password."""


class LakeMissing(RuntimeError):
    """There is no lake in this catalog yet: a writer must open it once."""


class LakeSchemaMismatch(RuntimeError):
    """A table of the lake, or data offered to it, does not have the columns its contract asks for."""

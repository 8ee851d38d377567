"""Photos remember the epoch they were first published under: pages of an open search keep those published anew."""

from alembic import op

revision = "0011"
down_revision: str | None = "0010"


def upgrade() -> None:
    """Adds the column; of photos published before, their epoch stands for it."""
    op.execute("ALTER TABLE serving.photos ADD COLUMN first_epoch BIGINT")


def downgrade() -> None:
    """Takes it away."""
    op.execute("ALTER TABLE serving.photos DROP COLUMN first_epoch")

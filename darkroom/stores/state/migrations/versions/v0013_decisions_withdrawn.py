"""A decision about duplicates may be withdrawn."""

from alembic import op

revision = "0013"
down_revision: str | None = "0012"


def upgrade() -> None:
    """Allows the verdict."""
    _allow("'kept', 'dismissed', 'withdrawn'")


def downgrade() -> None:
    """Forgets what was withdrawn: the decisions before it count again."""
    op.execute("DELETE FROM control.duplicate_facts WHERE verdict = 'withdrawn'")
    _allow("'kept', 'dismissed'")


def _allow(verdicts: str) -> None:
    op.execute("ALTER TABLE control.duplicate_facts DROP CONSTRAINT ck_duplicate_facts_verdict")
    op.execute(
        f"ALTER TABLE control.duplicate_facts ADD CONSTRAINT ck_duplicate_facts_verdict CHECK (verdict IN ({verdicts}))"
    )

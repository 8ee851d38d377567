"""What every module of the schema is written with: the metadata they share, and columns that many tables have."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, MetaData, Uuid, func

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def identity() -> Column[object]:
    """The row's own id, made by the database."""
    return Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid())


def library() -> Column[object]:
    """The library the row belongs to."""
    return Column("library_id", Uuid, ForeignKey("control.libraries.id"), nullable=False)


def now(name: str) -> Column[object]:
    """When the row was written."""
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def when(name: str) -> Column[object]:
    """When something happened, once it has."""
    return Column(name, DateTime(timezone=True))


def one_of(column: str, *values: str) -> CheckConstraint:
    """The column has one of these values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)

"""Signing in, and who is signed in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from api.schemas.examples import LIBRARY


class SignInCode(BaseModel):
    """An address that signs one browser in, once."""

    address: str = Field(
        description="Open it in the browser that is to be signed in. Whoever has it first is signed in: pass it on "
        "as you would a password.",
        examples=["http://127.0.0.1:8360/signin?code=…"],
    )
    expires_at: datetime = Field(description="Until when it can be opened.")


class Library(BaseModel):
    """A library."""

    id: UUID = Field(description="Identity.", examples=[LIBRARY])
    name: str = Field(description="What people call it.", examples=["Photos"])


class Session(BaseModel):
    """A browser that is signed in."""

    id: UUID = Field(description="Identity; the log names it.")
    expires_at: datetime = Field(description="When it ends by itself.")


class Me(BaseModel):
    """Who asks."""

    scopes: list[str] = Field(description="What the key or session may do.", examples=[["photos:read"]])
    libraries: list[Library] = Field(description="Libraries it sees; new things go to the first.")
    session: Session | None = Field(description="The session, for whoever is signed in; null for a key.")


class SessionsEnded(BaseModel):
    """How many browsers were signed out."""

    ended: int = Field(ge=0, description="Sessions that were open.", examples=[2])

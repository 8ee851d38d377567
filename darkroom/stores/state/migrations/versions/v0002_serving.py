"""The projection the API reads: schema `serving`, with its epoch at 0."""

from alembic import op

revision = "0002"
down_revision: str | None = "0001"

UP = """
CREATE SCHEMA serving;

CREATE TABLE serving.publish_epoch (
    one BOOLEAN DEFAULT true NOT NULL CONSTRAINT ck_publish_epoch_one CHECK (one),
    epoch BIGINT DEFAULT 0 NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_publish_epoch PRIMARY KEY (one)
);

CREATE TABLE serving.changes (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    library_id UUID NOT NULL,
    epoch BIGINT NOT NULL,
    kind TEXT NOT NULL,
    photo_id UUID NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_changes PRIMARY KEY (id),
    CONSTRAINT ck_changes_kind CHECK (kind IN ('published', 'removed')),
    CONSTRAINT fk_changes_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);
CREATE INDEX ix_changes_library_id_id ON serving.changes (library_id, id);

CREATE TABLE serving.photos (
    photo_id UUID NOT NULL,
    library_id UUID NOT NULL,
    epoch BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    width INTEGER,
    height INTEGER,
    orientation INTEGER NOT NULL,
    taken_local TIMESTAMP WITHOUT TIME ZONE,
    taken_offset_minutes INTEGER,
    taken_utc TIMESTAMP WITH TIME ZONE,
    taken_source TEXT,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    altitude_m DOUBLE PRECISION,
    camera_make TEXT,
    camera_model TEXT,
    lens TEXT,
    exposure JSONB,
    title TEXT,
    description TEXT,
    keywords TEXT[] DEFAULT '{}' NOT NULL,
    rating INTEGER,
    text TEXT,
    thumbnail_sha256 TEXT,
    display_sha256 TEXT,
    field_sources JSONB DEFAULT '{}' NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_photos PRIMARY KEY (photo_id),
    CONSTRAINT fk_photos_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);
CREATE INDEX ix_photos_epoch ON serving.photos (epoch);
CREATE INDEX ix_photos_timeline ON serving.photos (library_id, taken_local DESC NULLS LAST, photo_id);

CREATE TABLE serving.photo_files (
    source_id UUID NOT NULL,
    path TEXT NOT NULL,
    library_id UUID NOT NULL,
    photo_id UUID NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    modified_at TIMESTAMP WITH TIME ZONE NOT NULL,
    epoch BIGINT NOT NULL,
    CONSTRAINT pk_photo_files PRIMARY KEY (source_id, path),
    CONSTRAINT fk_photo_files_source_id FOREIGN KEY(source_id) REFERENCES control.sources (id),
    CONSTRAINT fk_photo_files_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id),
    CONSTRAINT fk_photo_files_photo_id FOREIGN KEY(photo_id) REFERENCES serving.photos (photo_id) ON DELETE CASCADE
);
CREATE INDEX ix_photo_files_photo_id ON serving.photo_files (photo_id);

CREATE TABLE serving.published_outputs (
    photo_id UUID NOT NULL,
    output TEXT NOT NULL,
    library_id UUID NOT NULL,
    version TEXT,
    provider TEXT,
    attempt BIGINT,
    state TEXT NOT NULL,
    reason TEXT,
    tries INTEGER DEFAULT 0 NOT NULL,
    epoch BIGINT NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_published_outputs PRIMARY KEY (photo_id, output),
    CONSTRAINT fk_published_outputs_photo_id FOREIGN KEY(photo_id)
        REFERENCES serving.photos (photo_id) ON DELETE CASCADE,
    CONSTRAINT fk_published_outputs_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);
CREATE INDEX ix_published_outputs_epoch ON serving.published_outputs (epoch);

INSERT INTO serving.publish_epoch DEFAULT VALUES;
"""

DOWN = """
DROP TABLE serving.published_outputs;
DROP TABLE serving.photo_files;
DROP TABLE serving.photos;
DROP TABLE serving.changes;
DROP TABLE serving.publish_epoch;
DROP SCHEMA serving;
"""


def upgrade() -> None:
    """Creates the tables."""
    op.execute(UP)


def downgrade() -> None:
    """Drops the tables and everything in them."""
    op.execute(DOWN)

"""The truth of what was asked, done and decided: schema `control`, with the default owner and library."""

from alembic import op

revision = "0001"
down_revision: str | None = None

UP = """
CREATE TABLE control.users (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_users PRIMARY KEY (id)
);

CREATE TABLE control.api_keys (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    user_id UUID NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    scopes TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_api_keys PRIMARY KEY (id),
    CONSTRAINT fk_api_keys_user_id FOREIGN KEY(user_id) REFERENCES control.users (id),
    CONSTRAINT uq_api_keys_digest UNIQUE (digest)
);

CREATE TABLE control.libraries (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT NOT NULL,
    outputs_off TEXT[] DEFAULT '{}' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_libraries PRIMARY KEY (id),
    CONSTRAINT fk_libraries_owner_id FOREIGN KEY(owner_id) REFERENCES control.users (id)
);

CREATE TABLE control.contents (
    library_id UUID NOT NULL,
    sha256 TEXT NOT NULL,
    photo_id UUID NOT NULL,
    pixel_digest TEXT,
    since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_contents PRIMARY KEY (library_id, sha256),
    CONSTRAINT fk_contents_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);
CREATE INDEX ix_contents_photo_id ON control.contents (photo_id);

CREATE TABLE control.outputs (
    library_id UUID NOT NULL,
    output TEXT NOT NULL,
    version TEXT NOT NULL,
    provider TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_outputs PRIMARY KEY (library_id, output),
    CONSTRAINT fk_outputs_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);

CREATE TABLE control.photo_outputs (
    photo_id UUID NOT NULL,
    output TEXT NOT NULL,
    library_id UUID NOT NULL,
    version TEXT,
    provider TEXT,
    attempt BIGINT,
    state TEXT NOT NULL,
    reason TEXT,
    tries INTEGER DEFAULT 0 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_photo_outputs PRIMARY KEY (photo_id, output),
    CONSTRAINT ck_photo_outputs_state CHECK (state IN ('done', 'failed', 'missing', 'off')),
    CONSTRAINT fk_photo_outputs_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);
CREATE INDEX ix_photo_outputs_library_id_output_state ON control.photo_outputs (library_id, output, state);

CREATE TABLE control.sources (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    library_id UUID NOT NULL,
    name TEXT NOT NULL,
    mode TEXT NOT NULL,
    path TEXT NOT NULL,
    watched BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_sources PRIMARY KEY (id),
    CONSTRAINT uq_sources_library_id_path UNIQUE (library_id, path),
    CONSTRAINT ck_sources_mode CHECK (mode IN ('copy', 'reference')),
    CONSTRAINT fk_sources_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id)
);

CREATE TABLE control.requests (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    library_id UUID NOT NULL,
    kind TEXT NOT NULL,
    source_id UUID,
    path TEXT,
    priority INTEGER DEFAULT 0 NOT NULL,
    state TEXT DEFAULT 'new' NOT NULL,
    attempt INTEGER DEFAULT 1 NOT NULL,
    files_listed BIGINT,
    files_new BIGINT,
    error TEXT,
    idempotency_key TEXT,
    requested_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_requests PRIMARY KEY (id),
    CONSTRAINT uq_requests_library_id_idempotency_key UNIQUE (library_id, idempotency_key),
    CONSTRAINT ck_requests_kind CHECK (kind IN ('import', 'refill')),
    CONSTRAINT ck_requests_state CHECK (
        state IN ('new', 'planning', 'running', 'succeeded', 'failed', 'cancelling', 'cancelled')
    ),
    CONSTRAINT fk_requests_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id),
    CONSTRAINT fk_requests_source_id FOREIGN KEY(source_id) REFERENCES control.sources (id),
    CONSTRAINT fk_requests_requested_by FOREIGN KEY(requested_by) REFERENCES control.users (id)
);
CREATE INDEX ix_requests_state ON control.requests (state);

CREATE TABLE control.source_files (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    library_id UUID NOT NULL,
    source_id UUID NOT NULL,
    path TEXT NOT NULL,
    path_raw BYTEA NOT NULL,
    device TEXT,
    inode TEXT,
    size_bytes BIGINT NOT NULL,
    mtime_ns BIGINT NOT NULL,
    sha256 TEXT,
    photo_id UUID,
    state TEXT DEFAULT 'frozen' NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_source_files PRIMARY KEY (id),
    CONSTRAINT uq_source_files_source_id_path UNIQUE (source_id, path),
    CONSTRAINT ck_source_files_state CHECK (state IN ('frozen', 'taken', 'failed', 'unsupported', 'missing')),
    CONSTRAINT fk_source_files_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id),
    CONSTRAINT fk_source_files_source_id FOREIGN KEY(source_id) REFERENCES control.sources (id)
);
CREATE INDEX ix_source_files_photo_id ON control.source_files (photo_id);
CREATE INDEX ix_source_files_source_id_device_inode ON control.source_files (source_id, device, inode);

CREATE TABLE control.batches (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    sequence BIGINT GENERATED ALWAYS AS IDENTITY,
    library_id UUID NOT NULL,
    request_id UUID,
    kind TEXT NOT NULL,
    priority INTEGER DEFAULT 0 NOT NULL,
    state TEXT DEFAULT 'frozen' NOT NULL,
    attempt INTEGER DEFAULT 1 NOT NULL,
    files INTEGER NOT NULL,
    error TEXT,
    epoch BIGINT,
    frozen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_batches PRIMARY KEY (id),
    CONSTRAINT ck_batches_kind CHECK (kind IN ('import', 'refill')),
    CONSTRAINT ck_batches_state CHECK (state IN ('frozen', 'running', 'published', 'failed', 'cancelled')),
    CONSTRAINT uq_batches_sequence UNIQUE (sequence),
    CONSTRAINT fk_batches_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id),
    CONSTRAINT fk_batches_request_id FOREIGN KEY(request_id) REFERENCES control.requests (id)
);
CREATE INDEX ix_batches_request_id ON control.batches (request_id);
CREATE INDEX ix_batches_state ON control.batches (state);

CREATE TABLE control.batch_items (
    batch_id UUID NOT NULL,
    position INTEGER NOT NULL,
    library_id UUID NOT NULL,
    source_file_id BIGINT,
    photo_id UUID,
    state TEXT DEFAULT 'waiting' NOT NULL,
    CONSTRAINT pk_batch_items PRIMARY KEY (batch_id, position),
    CONSTRAINT ck_batch_items_state CHECK (state IN ('waiting', 'taken', 'failed', 'unsupported', 'quarantined')),
    CONSTRAINT fk_batch_items_batch_id FOREIGN KEY(batch_id) REFERENCES control.batches (id),
    CONSTRAINT fk_batch_items_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id),
    CONSTRAINT fk_batch_items_source_file_id FOREIGN KEY(source_file_id) REFERENCES control.source_files (id)
);
CREATE INDEX ix_batch_items_photo_id ON control.batch_items (photo_id);
CREATE INDEX ix_batch_items_source_file_id ON control.batch_items (source_file_id);

CREATE TABLE control.failures (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    library_id UUID NOT NULL,
    batch_id UUID,
    photo_id UUID,
    source_id UUID,
    path TEXT,
    output TEXT NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    transient BOOLEAN NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_failures PRIMARY KEY (id),
    CONSTRAINT fk_failures_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id),
    CONSTRAINT fk_failures_batch_id FOREIGN KEY(batch_id) REFERENCES control.batches (id)
);
CREATE INDEX ix_failures_batch_id ON control.failures (batch_id);
CREATE INDEX ix_failures_photo_id ON control.failures (photo_id);

CREATE TABLE control.gate_results (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    library_id UUID NOT NULL,
    batch_id UUID NOT NULL,
    table_name TEXT NOT NULL,
    lake_snapshot BIGINT NOT NULL,
    rows BIGINT NOT NULL,
    digest TEXT NOT NULL,
    passed BOOLEAN NOT NULL,
    report JSONB NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_gate_results PRIMARY KEY (id),
    CONSTRAINT fk_gate_results_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id),
    CONSTRAINT fk_gate_results_batch_id FOREIGN KEY(batch_id) REFERENCES control.batches (id)
);
CREATE INDEX ix_gate_results_batch_id_table_name ON control.gate_results (batch_id, table_name);

CREATE TABLE control.progress (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    library_id UUID NOT NULL,
    request_id UUID NOT NULL,
    batch_id UUID,
    step TEXT NOT NULL,
    done BIGINT NOT NULL,
    total BIGINT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_progress PRIMARY KEY (id),
    CONSTRAINT fk_progress_library_id FOREIGN KEY(library_id) REFERENCES control.libraries (id),
    CONSTRAINT fk_progress_request_id FOREIGN KEY(request_id) REFERENCES control.requests (id),
    CONSTRAINT fk_progress_batch_id FOREIGN KEY(batch_id) REFERENCES control.batches (id)
);
CREATE INDEX ix_progress_request_id_id ON control.progress (request_id, id);

INSERT INTO control.users (id, name) VALUES ('d4e5c0de-0000-4000-8000-0000000000aa', 'owner');
INSERT INTO control.libraries (id, owner_id, name)
VALUES ('d4e5c0de-0000-4000-8000-000000000001', 'd4e5c0de-0000-4000-8000-0000000000aa', 'Photos');
"""

DOWN = """
DROP TABLE control.progress;
DROP TABLE control.gate_results;
DROP TABLE control.failures;
DROP TABLE control.batch_items;
DROP TABLE control.batches;
DROP TABLE control.source_files;
DROP TABLE control.requests;
DROP TABLE control.sources;
DROP TABLE control.photo_outputs;
DROP TABLE control.outputs;
DROP TABLE control.contents;
DROP TABLE control.libraries;
DROP TABLE control.api_keys;
DROP TABLE control.users;
"""


def upgrade() -> None:
    """Creates the tables."""
    op.execute(UP)


def downgrade() -> None:
    """Drops the tables and everything in them."""
    op.execute(DOWN)

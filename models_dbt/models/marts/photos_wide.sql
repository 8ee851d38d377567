{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key='photo_id',
        on_schema_change='append_new_columns',
        post_hook="delete from {{ this }} where photo_id not in (select photo_id from {{ ref('stg_photos') }})"
    )
}}

with photos as (
    select * from {{ ref('stg_photos') }}
),

epochs as (
    select * from {{ ref('int_photo_epochs') }}
    {% if is_incremental() %}
        where epoch > (select coalesce(max(built.epoch), 0) from {{ this }} as built)
    {% endif %}
),

metadata as (
    select * from {{ ref('stg_metadata') }}
),

fingerprints as (
    select * from {{ ref('stg_fingerprints') }}
),

texts as (
    select * from {{ ref('stg_texts') }}
),

renditions as (
    select * from {{ ref('int_renditions_by_photo') }}
),

files as (
    select * from {{ ref('int_photo_files_counted') }}
),

outputs as (
    select * from {{ ref('int_outputs_counted') }}
)

select
    ---------- ids
    photos.photo_id,
    photos.library_id,
    photos.sha256,
    epochs.epoch,
    epochs.published_at,

    ---------- the picture
    photos.media_type,
    photos.size_bytes,
    photos.orientation,
    photos.frames,
    case when photos.orientation >= 5 then photos.height else photos.width end as width,
    case when photos.orientation >= 5 then photos.width else photos.height end as height,
    round(photos.width * photos.height / 1e6, 3)::double as megapixels,

    ---------- when
    metadata.taken_local,
    metadata.taken_local::date as taken_day,
    metadata.taken_offset_minutes,
    metadata.taken_utc,
    metadata.taken_source,

    ---------- where
    metadata.latitude,
    metadata.longitude,
    metadata.altitude_m,
    metadata.country,

    ---------- with what
    metadata.camera_make,
    metadata.camera_model,
    case
        when metadata.camera_model is null then metadata.camera_make
        when metadata.camera_make is null then metadata.camera_model
        when starts_with(lower(metadata.camera_model), lower(metadata.camera_make)) then metadata.camera_model
        else metadata.camera_make || ' ' || metadata.camera_model
    end as camera,
    metadata.lens,
    metadata.exposure_seconds,
    metadata.f_number,
    metadata.iso,
    metadata.focal_length_mm,
    metadata.focal_length_35mm,
    metadata.flash,

    ---------- in whose words
    metadata.title,
    metadata.description,
    coalesce(metadata.keywords, []::varchar[]) as keywords,
    metadata.rating,

    ---------- what can be read
    texts.text,
    texts.line_count as text_lines,
    texts.score as text_score,

    ---------- what it looks like
    fingerprints.pixel_digest,
    fingerprints.dhash,
    fingerprints.phash,
    fingerprints.sharpness,
    fingerprints.brightness,

    ---------- where it is kept
    renditions.thumbnail_sha256,
    renditions.display_sha256,
    coalesce(files.file_count, 0) as file_count,
    coalesce(files.source_count, 0) as source_count,

    ---------- how complete it is
    coalesce(outputs.outputs_done, 0) as outputs_done,
    coalesce(outputs.outputs_failed, 0) as outputs_failed,
    coalesce(outputs.outputs_missing, 0) as outputs_missing
from photos
inner join epochs on photos.photo_id = epochs.photo_id
left join metadata on photos.photo_id = metadata.photo_id
left join fingerprints on photos.photo_id = fingerprints.photo_id
left join texts on photos.photo_id = texts.photo_id
left join renditions on photos.photo_id = renditions.photo_id
left join files on photos.photo_id = files.photo_id
left join outputs on photos.photo_id = outputs.photo_id

-- The newest epoch that said anything about a photo or its files: what an incremental build compares.
with said as (
    select
        photo_id,
        epoch,
        published_at
    from {{ ref('stg_publications') }}
    union all
    select
        photo_id,
        epoch,
        published_at
    from {{ ref('stg_published_files') }}
)

select
    photo_id,
    max(epoch) as epoch,
    max(published_at) as published_at
from said
group by photo_id

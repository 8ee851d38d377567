with wasted as (
    select
        library_id,
        sum(wasted_bytes) as wasted_bytes
    from {{ ref('duplicates_waste') }}
    group by library_id
),

held as (
    select
        library_id,
        sum(size_bytes) as held_bytes
    from {{ ref('stg_photo_files') }}
    group by library_id
)

select
    wasted.library_id,
    wasted.wasted_bytes,
    held.held_bytes
from wasted
left join held on wasted.library_id = held.library_id
where wasted.wasted_bytes >= coalesce(held.held_bytes, 0)

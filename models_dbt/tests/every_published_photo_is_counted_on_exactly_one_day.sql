with counted as (
    select
        library_id,
        sum(photos) as photos
    from {{ ref('library_daily') }}
    group by library_id
),

published as (
    select
        library_id,
        count(*) as photos
    from {{ ref('photos_wide') }}
    group by library_id
)

select
    coalesce(counted.library_id, published.library_id) as library_id,
    counted.photos as counted,
    published.photos as published
from counted
full outer join published on counted.library_id = published.library_id
where counted.photos is distinct from published.photos

with counted as (
    select
        library_id,
        sum(photos) as photos,
        sum(photos_with_position + photos_without_position) as placed_or_not
    from {{ ref('places_and_time') }}
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
where
    counted.photos is distinct from published.photos
    or counted.placed_or_not is distinct from published.photos

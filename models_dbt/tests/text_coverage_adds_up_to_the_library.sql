with covered as (
    select sum(photos) as photos
    from {{ ref('text_coverage') }}
),

published as (
    select count(*) as photos
    from {{ ref('photos_wide') }}
)

select
    covered.photos as covered,
    published.photos as published
from covered
cross join published
where coalesce(covered.photos, 0) <> published.photos

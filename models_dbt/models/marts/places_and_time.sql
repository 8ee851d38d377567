with photos as (
    select
        *,
        date_trunc('month', taken_local)::date as taken_month,
        case
            when taken_local is null or taken_source = 'file time' then 'unknown'
            -- What only a day is known of stands at its first instant.
            when taken_local = date_trunc('day', taken_local) then 'unknown'
            when hour(taken_local) < 6 then 'night'
            when hour(taken_local) < 12 then 'morning'
            when hour(taken_local) < 18 then 'afternoon'
            else 'evening'
        end as time_of_day
    from {{ ref('photos_wide') }}
)

select
    library_id,
    country,
    taken_month,
    time_of_day,
    count(*) as photos,
    count(*) filter (where latitude is not null and longitude is not null) as photos_with_position,
    count(*) filter (where latitude is null or longitude is null) as photos_without_position,
    count(distinct camera) as cameras
from photos
group by library_id, country, taken_month, time_of_day

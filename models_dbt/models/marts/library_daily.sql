with photos as (
    select * from {{ ref('photos_wide') }}
)

select
    library_id,
    taken_day,
    coalesce(camera, 'unknown') as camera,
    count(*) as photos,
    sum(size_bytes)::bigint as size_bytes,
    sum(file_count)::bigint as files,
    round(coalesce(sum(megapixels), 0), 3)::double as megapixels,
    count(*) filter (where latitude is not null and longitude is not null) as photos_with_position,
    count(*) filter (where text_lines > 0) as photos_with_text,
    count(*) filter (where rating > 0) as photos_rated,
    count(*) filter (where width is null) as photos_undecodable,
    min(taken_local) as first_taken_local,
    max(taken_local) as last_taken_local
from photos
group by library_id, taken_day, coalesce(camera, 'unknown')

-- Where a photo's bytes were seen, in one row per photo.
select
    photo_id,
    count(distinct concat(source_id, ':', path)) as file_count,
    count(distinct source_id) as source_count
from {{ ref('stg_photo_files') }}
group by photo_id

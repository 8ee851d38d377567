select
    coalesce(wide.photo_id, published.photo_id) as photo_id,
    wide.photo_id is null as is_lacking
from {{ ref('photos_wide') }} as wide
full outer join {{ ref('stg_photos') }} as published on wide.photo_id = published.photo_id
where wide.photo_id is null or published.photo_id is null

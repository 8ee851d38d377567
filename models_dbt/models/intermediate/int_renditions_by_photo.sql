-- The renditions of a photo side by side.
select
    photo_id,
    max(sha256) filter (where kind = 'thumbnail') as thumbnail_sha256,
    max(sha256) filter (where kind = 'display') as display_sha256
from {{ ref('stg_renditions') }}
group by photo_id

-- The newest epoch that said anything about a photo: what an incremental build compares.
select
    photo_id,
    max(epoch) as epoch,
    max(published_at) as published_at
from {{ ref('stg_publications') }}
group by photo_id

-- How complete a photo is, in one row per photo.
select
    photo_id,
    count(*) filter (where state = 'done') as outputs_done,
    count(*) filter (where state = 'failed') as outputs_failed,
    count(*) filter (where state = 'missing') as outputs_missing
from {{ ref('stg_publications') }}
where output <> 'photos'
group by photo_id

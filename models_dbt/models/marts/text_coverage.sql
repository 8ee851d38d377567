with photos as (
    select * from {{ ref('photos_wide') }}
),

read_photos as (
    select
        photo_id,
        state
    from {{ ref('processing_completeness') }}
    where output = 'texts' and is_current_version
)

select
    photos.library_id,
    date_trunc('month', photos.taken_day)::date as taken_month,
    photos.media_type,
    count(*) as photos,
    count(*) filter (where read_photos.state = 'done') as photos_read,
    count(*) filter (where read_photos.state = 'failed') as photos_failed,
    count(*) filter (where photos.text_lines > 0) as photos_with_text,
    coalesce(sum(photos.text_lines), 0)::bigint as text_lines,
    coalesce(sum(length(photos.text)), 0)::bigint as text_characters,
    avg(photos.text_score)::double as mean_score
from photos
left join read_photos on photos.photo_id = read_photos.photo_id
group by photos.library_id, date_trunc('month', photos.taken_day)::date, photos.media_type

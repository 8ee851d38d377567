-- How many files a photo has now, in one row per photo.
select
    published.photo_id,
    len(published.files) as file_count,
    len(list_distinct(list_transform(published.files, lambda file: file.source_id))) as source_count
from {{ ref('stg_published_files') }} as published

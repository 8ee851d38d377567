-- The files each photo has now: what the newest epoch says of them.
select published_files.*
from {{ source('core', 'published_files') }} as published_files
qualify row_number() over (partition by published_files.photo_id order by published_files.epoch desc) = 1

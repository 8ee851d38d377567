-- What the newest epoch says of each output of each photo. Everything else in staging follows it.
select publications.*
from {{ source('core', 'publications') }} as publications
qualify row_number() over (partition by publications.photo_id, publications.output order by publications.epoch desc) = 1
